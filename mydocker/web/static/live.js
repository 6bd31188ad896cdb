// A workspace's page, live: fragments from its stream take the place of those with the same id.

const main = document.querySelector("main[data-stream]");
const workspace = main.dataset.workspace;
const OPENING = `opening:${workspace}`;
const lost = document.getElementById("lost");
const announcements = document.getElementById("announcements");
let source = null;
let lostTimer = null;
let announceTimer = null;
let waiting = "";
// A form is on its way: where it leads matters more than what the stream says meanwhile.
let leaving = false;
document.addEventListener("submit", () => { leaving = true; });
window.addEventListener("pageshow", () => { leaving = false; });

// --- open by itself: only in the tab that asked for the start, and only while it is looked at ---

const asked = Number(sessionStorage.getItem("opening"));
sessionStorage.removeItem("opening");
if (asked && Date.now() - asked < 60_000) sessionStorage.setItem(OPENING, "yes");

function showChoice() {
  const box = document.getElementById("open-by-itself");
  if (!box) return;
  box.checked = sessionStorage.getItem(OPENING) === "yes";
  box.onchange = () => {
    if (box.checked) sessionStorage.setItem(OPENING, "yes");
    else sessionStorage.removeItem(OPENING);
  };
}

function openIfAsked() {
  const way = document.querySelector("[data-main]");
  if (!way || document.hidden || sessionStorage.getItem(OPENING) !== "yes") return;
  sessionStorage.removeItem(OPENING);
  close();
  location.assign(way.dataset.main);
}

// --- fragments ---

function swap(html) {
  const parsed = document.createElement("template");
  parsed.innerHTML = html;
  for (const fresh of [...parsed.content.children]) {
    const old = fresh.id && document.getElementById(fresh.id);
    // After a reconnection the whole state comes again; mostly it is what is shown already.
    const known = fresh.dataset.version && fresh.dataset.version === old?.dataset.version;
    if (old && !known) replace(old, fresh);
  }
  const body = document.getElementById("body");
  document.title = `${body.dataset.title} · myDocker`;
  showChoice();
  document.dispatchEvent(new Event("fragments"));
}

function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const open = [...old.querySelectorAll("details[open][id], [popover]:popover-open")].map((e) => e.id);
  keepJournal(old, fresh);
  old.replaceWith(fresh);
  for (const id of open) {
    const element = document.getElementById(id);
    if (element?.popover) element.showPopover();
    else if (element) element.open = true;
  }
  if (!focused) return;
  const place = focused.id && document.getElementById(focused.id);
  (place || document.querySelector("h1")).focus({ preventScroll: true });
}

// Lines that were read already, and secrets that were shown, stay.
function keepJournal(old, fresh) {
  for (const id of ["journal", "secret"]) {
    const [kept, place] = [old.querySelector(`#${id}`), fresh.querySelector(`#${id}`)];
    if (kept && place) place.replaceWith(kept);
  }
}

// --- what is spoken: at most one sentence each 5 s, the last one waiting wins ---

function announce(text) {
  waiting = text;
  if (announceTimer) return;
  const speak = () => {
    announceTimer = null;
    if (!waiting) return;
    announcements.textContent = waiting;
    waiting = "";
    announceTimer = setTimeout(speak, 5000);
  };
  speak();
}

// --- the stream: closed in hidden tabs, resumed when looked at again. A tab that is to tell before
// the workspace stops goes on: its stream may then begin there, too ---

const isIdle = () => document.hidden && !main.hasAttribute("data-follows-hidden");

function connect() {
  if (source || isIdle()) return;
  source = new EventSource(main.dataset.stream);
  source.onopen = () => { clearTimeout(lostTimer); lostTimer = null; lost.hidden = true; };
  source.onerror = () => {
    lostTimer ??= setTimeout(() => { lost.hidden = false; }, 5000);
    if (source?.readyState === EventSource.CLOSED) { close(); setTimeout(connect, 5000); }
  };
  for (const name of ["state", "story", "queue", "pull", "usage"]) {
    source.addEventListener(name, (event) => {
      swap(JSON.parse(event.data));
      if (name === "state") openIfAsked();
    });
  }
  source.addEventListener("announce", (event) => announce(JSON.parse(event.data)));
  source.addEventListener("gone", () => {
    close();
    if (!leaving) location.reload();
  });
}

function close() {
  source?.close();
  source = null;
}

document.addEventListener("visibilitychange", () => {
  if (isIdle()) close();
  else { connect(); openIfAsked(); }
  followJournal();
});
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });

// --- the container's log: only while it is unfolded and looked at ---

const MOST_LINES = 2000;
let journal = null;

function followJournal() {
  const box = document.getElementById("journal");
  const wanted = box?.open && !document.hidden;
  if (!wanted) { journal?.close(); journal = null; return; }
  if (journal) return;
  const lines = document.getElementById("journal-lines");
  lines.textContent = "";
  journal = new EventSource(box.dataset.journal);
  journal.addEventListener("lines", (event) => addLines(lines, JSON.parse(event.data)));
  journal.addEventListener("gone", () => {
    journal.close();
    if (!lines.textContent) lines.textContent = lines.dataset.empty;
  });
}

function addLines(lines, fresh) {
  const atEnd = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 8;
  for (const line of fresh) {
    const row = document.createElement("span");
    if (line.stream === "stderr") row.className = "r";
    row.textContent = `${line.text}\n`;
    lines.append(row);
  }
  while (lines.childElementCount > MOST_LINES) lines.firstElementChild.remove();
  if (atEnd) lines.scrollTop = lines.scrollHeight;
}

document.addEventListener("toggle", (event) => {
  if (event.target.id === "journal") followJournal();
}, true);
document.addEventListener("change", (event) => {
  if (event.target.id !== "journal-aloud") return;
  const lines = document.getElementById("journal-lines");
  lines.setAttribute("aria-live", event.target.checked ? "polite" : "off");
});

// --- credentials: fetched when they are shown or copied, which is told in the story ---

async function secrets() {
  const card = document.getElementById("secret");
  const answer = await fetch(card.dataset.credentials, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": card.querySelector("[name=csrfmiddlewaretoken]").value },
  });
  if (!answer.ok) { location.reload(); throw new Error(answer.statusText); }
  return answer.json();
}

document.addEventListener("click", async (event) => {
  const show = event.target.closest("[data-show]");
  if (show) {
    const place = document.querySelector(`[data-secret=${show.dataset.show}]`);
    const hide = show.getAttribute("aria-pressed") === "true";
    show.setAttribute("aria-pressed", String(!hide));
    place.textContent = hide ? "••••••••••••" : (await secrets())[show.dataset.show];
  }
  const button = event.target.closest("[data-copy-secret]");
  if (!button) return;
  const text = (await secrets())[button.dataset.copySecret];
  button.dispatchEvent(new CustomEvent("copy-text", { bubbles: true, detail: { text } }));
});

showChoice();
connect();
openIfAsked();
