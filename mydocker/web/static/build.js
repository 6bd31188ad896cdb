// A build's page, live: its parts take the place of those with the same id, lines join the log.

const main = document.querySelector("main[data-build]");
const log = document.getElementById("build-log");
const lost = document.getElementById("lost");
const announcements = document.getElementById("announcements");
const MOST_LINES = 2000;
let source = null;
let lostTimer = null;
let announceTimer = null;
let waiting = "";
let isOver = false;

// --- parts ---

function swap(html) {
  const parsed = document.createElement("template");
  parsed.innerHTML = html;
  for (const fresh of [...parsed.content.children]) {
    const old = document.getElementById(fresh.id);
    if (old) replace(old, fresh);
  }
  const title = document.getElementById("build-head")?.dataset.title;
  if (title && !main.hasAttribute("data-reloads")) document.title = `${title} · myDocker`;
  count();
}

function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement.id : null;
  for (const details of old.querySelectorAll("details[open][id]")) {
    const same = fresh.querySelector(`#${details.id}`);
    if (same) same.open = true;
  }
  old.replaceWith(fresh);
  if (focused === null) return;
  const place = (focused && document.getElementById(focused)) || document.querySelector("main");
  place.focus({ preventScroll: true });
}

// --- the log: it follows its end only while the reader is there ---

function addLines(fresh) {
  if (!log) return;
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
  const rows = document.createDocumentFragment();
  for (const [text, tone] of fresh) {
    const row = document.createElement("span");
    if (tone) row.className = tone;
    row.textContent = `${text}\n`;
    rows.append(row);
  }
  log.append(rows);
  while (log.childElementCount > MOST_LINES) log.firstElementChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

document.getElementById("log-aloud")?.addEventListener("change", (event) => {
  log.setAttribute("aria-live", event.target.checked ? "polite" : "off");
});

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

// --- how long it takes ---

const NO_BREAK = "\u00a0";
function lasting(seconds) {
  if (seconds < 60) return `${seconds}${NO_BREAK}s`;
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  if (minutes < 60) return `${minutes}${NO_BREAK}min${NO_BREAK}${String(rest).padStart(2, "0")}${NO_BREAK}s`;
  return `${Math.floor(minutes / 60)}${NO_BREAK}h${NO_BREAK}${String(minutes % 60).padStart(2, "0")}`;
}

function count() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time.dataset.since)) / 1000));
    const words = lasting(seconds);
    if (time.textContent !== words) time.textContent = words;
  }
}

// --- the stream: closed in hidden tabs, begun anew when looked at again ---

function connect() {
  if (source || isOver || document.hidden || !main) return;
  source = new EventSource(main.dataset.build);
  source.onopen = () => { clearTimeout(lostTimer); lostTimer = null; lost.hidden = true; };
  source.onerror = () => {
    lostTimer ??= setTimeout(() => { lost.hidden = false; }, 5000);
    if (source?.readyState === EventSource.CLOSED) { close(); setTimeout(connect, 5000); }
  };
  source.addEventListener("begin", () => { if (log) log.textContent = ""; });
  source.addEventListener("parts", (event) => swap(JSON.parse(event.data)));
  source.addEventListener("lines", (event) => addLines(JSON.parse(event.data)));
  source.addEventListener("announce", (event) => announce(JSON.parse(event.data)));
  source.addEventListener("gone", (event) => {
    isOver = true;
    close();
    if (log && !log.textContent) log.textContent = log.dataset.empty;
    const wasWithdrawn = JSON.parse(event.data) === "withdrawn";
    const reloads = main.hasAttribute("data-reloads") && !document.querySelector("[data-changed]");
    if (wasWithdrawn || reloads) location.reload();
  });
}

function close() {
  source?.close();
  source = null;
}

document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else connect(); });
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
setInterval(count, 1000);
count();
connect();
