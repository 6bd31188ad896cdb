// Small things of every page. All of it works without: this only saves a click or a wait.

const root = document.documentElement;
root.classList.add("has-script");

// The server writes times in the reader's zone from the next page on.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONE = "__Host-mydocker_zone";
if (zone && !document.cookie.includes(`${ZONE}=${zone}`)) {
  document.cookie = `${ZONE}=${zone}; Path=/; Secure; SameSite=Lax; Max-Age=31536000`;
}

// A start asked for in this tab may open by itself when it is ready: the workspace's page asks.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("data-opens")) sessionStorage.setItem("opening", String(Date.now()));
  const button = event.submitter;
  if (!button || form.target) return;
  form.setAttribute("aria-busy", "true");
  button.setAttribute("data-busy", "");
  // Disabled only after the form is read, so that the button's own value is sent.
  setTimeout(() => { button.disabled = true; }, 0);
  setTimeout(() => { button.disabled = false; form.removeAttribute("aria-busy"); }, 8000);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
  for (const button of document.querySelectorAll("button[data-busy]")) button.disabled = false;
});

// Copying; what a button says afterwards is spoken, too.
async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  const label = button.querySelector("span") ?? button;
  const before = label.textContent;
  label.textContent = document.body.dataset.copied;
  button.classList.add("copied");
  button.setAttribute("aria-live", "polite");
  setTimeout(() => { label.textContent = before; button.classList.remove("copied"); }, 2500);
}

// The page's other scripts ask for it by an event: a module imported twice would run twice.
document.addEventListener("copy-text", (event) => copy(event.detail.text, event.target));

function textOf(element) {
  if (element.tagName !== "DL") return element.textContent.trim();
  const lines = [...element.querySelectorAll("dt")];
  return lines.map((dt) => `${dt.textContent}: ${dt.nextElementSibling.textContent}`).join("\n");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy-text]");
  if (button) copy(textOf(document.getElementById(button.dataset.copyText)), button);
});

// Menus: Escape and a click elsewhere close them.
for (const menu of document.querySelectorAll("details.menu")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}

// Minutes left, counted here; the server's words come with the next push.
const NO_BREAK = " ";
function left(until, now) {
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  if (seconds < 100) return `${seconds}${NO_BREAK}s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes}${NO_BREAK}min`;
  const hours = Math.floor(minutes / 60);
  const rest = String(minutes % 60).padStart(2, "0");
  return hours >= 48 ? null : `${hours}${NO_BREAK}h${minutes % 60 ? NO_BREAK + rest : ""}`;
}
setInterval(() => {
  for (const time of document.querySelectorAll("time[data-left]")) {
    const words = left(Date.parse(time.dateTime), Date.now());
    if (words && time.textContent !== words) time.textContent = words;
  }
}, 1000);
