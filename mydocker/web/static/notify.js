// A workspace's page tells before its workspace stops, also while it is hidden: by a notification
// of the desktop, which the browser is asked to allow only when the person presses the button.

const main = document.querySelector("main[data-workspace]");
const WISH = "notify";
const TOLD = `told:${main.dataset.workspace}`;
let shown = null;

const isPossible = "Notification" in window && window.isSecureContext;
const isWished = () =>
  isPossible && Notification.permission === "granted" && localStorage.getItem(WISH) === "yes";

function showChoice() {
  // The stream stays open in a hidden tab for those who wish to be told, and only for them.
  main.toggleAttribute("data-follows-hidden", isWished());
  const button = document.getElementById("notify");
  if (!button || !isPossible) return;
  const isDenied = Notification.permission === "denied";
  button.hidden = isDenied;
  button.setAttribute("aria-pressed", String(isWished()));
  document.getElementById("notify-denied").hidden = !isDenied;
}

function tell() {
  const countdown = document.getElementById("countdown");
  const until = countdown?.dataset.warned;
  if (!until) {
    shown?.close();
    shown = null;
    return;
  }
  const isSeen = !document.hidden && document.hasFocus();
  if (isSeen || !isWished() || localStorage.getItem(TOLD) === until) return;
  localStorage.setItem(TOLD, until);
  try {
    const { title, text } = countdown.dataset;
    shown = new Notification(title, { body: text, tag: TOLD, lang: document.documentElement.lang });
    shown.onclick = () => { window.focus(); shown?.close(); };
  } catch {
    // Some phones allow notifications to service workers only.
  }
}

document.addEventListener("click", async (event) => {
  if (!event.target.closest("#notify")) return;
  const wish = isWished() ? "no" : "yes";
  if (wish === "yes") await Notification.requestPermission();
  localStorage.setItem(WISH, wish);
  showChoice();
});

document.addEventListener("fragments", () => { showChoice(); tell(); });
document.addEventListener("visibilitychange", tell);
showChoice();
tell();
