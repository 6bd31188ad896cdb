-- Wakes the run whose host is asked for: rings the node's agent and waits until it has thawed.
--
-- `txn.asleep` is `container|host|host...`, with all hosts of that run. Afterwards this process
-- holds none of them for asleep any more; or `txn.bell` is `away`, for nobody answered in time.

local BELL = "@{bell}"
local ASLEEP = "@{maps}/asleep.map"
local PATIENCE_S = 2
local AGAIN_AFTER_S = 0.1

local function seconds()
  local now = core.now()
  return now.sec + now.usec / 1000000
end

local function ring(container, patience_s)
  local bell = core.tcp()
  bell:settimeout(patience_s)
  if not bell:connect(BELL) then
    return nil
  end
  local answer = bell:send(container .. "\n") and bell:receive("*l")
  bell:close()
  return answer
end

-- An agent that is being started anew is away for less than a second.
local function ring_with_patience(container)
  local deadline = seconds() + PATIENCE_S
  local left = PATIENCE_S
  while left > 0 do
    local answer = ring(container, left)
    if answer then
      return answer
    end
    left = deadline - seconds() - AGAIN_AFTER_S
    if left > 0 then
      core.msleep(AGAIN_AFTER_S * 1000)
    end
  end
  return nil
end

core.register_action("ring", { "http-req" }, function(txn)
  local words = core.tokenize(txn:get_var("txn.asleep"), "|")
  local answer = ring_with_patience(words[1])
  if answer ~= "ok" and answer ~= "gone" then
    txn:set_var("txn.bell", "away")
    return
  end
  for number = 2, #words do
    core.del_map(ASLEEP, words[number])
  end
end)
