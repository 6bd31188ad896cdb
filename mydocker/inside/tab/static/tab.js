// An open tab of JupyterLab or Notebook whose workspace may sleep: returning to it wakes, and while
// it sleeps the tab says so. A prebuilt extension without a build: plain JavaScript, no imports.
// Whatever fails here stays here: the worst that it does is nothing.

(() => {
  const NAME = "mydocker-tab";
  const BELL = `${location.origin}/.mydocker/awake`;
  // How a gateway answers background requests while the workspace sleeps; a look makes sure.
  const SIGNS = [429, 503];
  const AWAY_MS = 20_000; // a person who touched nothing for so long returns with the next touch
  const RING_MS = 10_000; // at most one ring and one look in that time
  const MOON = "\u263e ";

  const WORDS = {
    en: ["Asleep", "Everything is as you left it. Click to wake."],
    fr: ["Endormi", "Tout est tel que vous l’avez laissé. Cliquez pour réveiller."],
  };

  const CSS = `
    .mydocker-veil { position: fixed; inset: 0; z-index: 9990; pointer-events: none;
      display: grid; place-items: end center; padding: 0 16px 40px;
      background: color-mix(in srgb, #5a48a6 9%, transparent); animation: mydocker-veil 200ms }
    .mydocker-veil button { pointer-events: auto; display: flex; align-items: center; gap: 12px;
      min-height: 44px; max-width: 100%; padding: 10px 20px 10px 14px; border: 1px solid #5a48a6;
      border-radius: 999px; background: #ece9fa; color: #43348a; cursor: pointer; text-align: start;
      font: 400 15px/1.35 system-ui, sans-serif; box-shadow: 0 6px 24px rgb(30 20 80 / .22) }
    .mydocker-veil button:focus-visible { outline: 3px solid #0b3fae; outline-offset: 3px }
    .mydocker-veil svg { flex: none; width: 24px; height: 24px }
    .mydocker-veil strong { font-weight: 650; margin-inline-end: .5em }
    .mydocker-veil.mydocker-dark { background: rgb(10 8 30 / .38) }
    .mydocker-veil.mydocker-dark button { background: #272149; color: #d6ceff; border-color: #b9acff }
    .mydocker-veil.mydocker-dark button:focus-visible { outline-color: #ffd166 }
    @keyframes mydocker-veil { from { opacity: 0 } }
    @media (prefers-reduced-motion: reduce) { .mydocker-veil { animation: none } }`;

  class Veil {
    // `language` may be one that has no words here: then it is English.
    constructor(language) {
      const [state, advice] = WORDS[/^fr/i.test(language) ? "fr" : "en"];
      const style = document.createElement("style");
      style.textContent = CSS;
      document.head.append(style);
      this.box = document.createElement("div");
      this.box.className = "mydocker-veil";
      this.box.setAttribute("role", "status"); // there before its text, so that it is spoken
      this.box.hidden = true;
      this.box.style.display = "none";
      this.button = document.createElement("button");
      this.button.type = "button";
      // Who clicks goes on where they were.
      this.button.addEventListener("mousedown", (event) => event.preventDefault());
      this.button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path
        fill="currentColor" d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"/></svg>
        <span><strong></strong> <span></span></span>`;
      this.button.querySelector("strong").textContent = state;
      this.button.querySelector("span > span").textContent = advice;
      document.body.append(this.box);
      this.titles = new MutationObserver(() => this.mark()); // the lab writes its title anew
    }

    show() {
      const isDark = document.body.dataset.jpThemeLight === "false";
      this.box.classList.toggle("mydocker-dark", isDark);
      this.box.hidden = false;
      this.box.style.display = "";
      this.box.append(this.button);
      this.mark();
      this.titles.observe(document.querySelector("title"), { childList: true });
    }

    mark() {
      if (!document.title.startsWith(MOON)) document.title = MOON + document.title;
    }

    hide() {
      this.titles.disconnect();
      this.box.hidden = true;
      this.box.style.display = "none";
      this.button.remove();
      if (document.title.startsWith(MOON)) document.title = document.title.slice(MOON.length);
    }
  }

  class Tab {
    constructor(app, veil) {
      this.app = app;
      this.veil = veil;
      this.isAsleep = false;
      this.isRefused = false; // there is no gateway of ours before this lab
      this.touchedAt = performance.now();
      this.rangAt = -Infinity;
      this.lookedAt = -Infinity;
    }

    watch() {
      document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "visible") this.comeBack();
      });
      window.addEventListener("focus", () => this.comeBack());
      for (const name of ["pointerdown", "keydown"]) {
        window.addEventListener(name, () => this.touch(), { capture: true, passive: true });
      }
      // The lab's own requests tell, so that none is made to find out.
      const seen = (list) => list.getEntries().forEach((entry) => this.notice(entry));
      new PerformanceObserver(seen).observe({ type: "resource" });
    }

    comeBack() {
      this.touchedAt = performance.now();
      this.ring();
    }

    touch() {
      const away = performance.now() - this.touchedAt;
      this.touchedAt = performance.now();
      if (this.isAsleep || away > AWAY_MS) this.ring();
    }

    // Ask for the workspace to be awake: the gateway answers 204 and wakes it where it sleeps.
    async ring() {
      const now = performance.now();
      if (this.isRefused || (!this.isAsleep && now - this.rangAt < RING_MS)) return;
      this.rangAt = now;
      try {
        const answer = await fetch(BELL, { method: "POST" });
        this.isRefused = [404, 405].includes(answer.status);
        if (answer.status !== 204) return;
      } catch {
        return; // the next touch rings again
      }
      if (this.isAsleep) this.wake();
      else this.reconnect();
    }

    notice(entry) {
      const path = entry.name.startsWith(location.origin) && new URL(entry.name).pathname;
      if (!path || !path.includes("/api/") || !entry.responseStatus) return;
      const looksAsleep = SIGNS.includes(entry.responseStatus);
      if (looksAsleep !== this.isAsleep) this.look();
    }

    async look() {
      const now = performance.now();
      if (this.isRefused || now - this.lookedAt < RING_MS) return;
      this.lookedAt = now;
      try {
        const answer = await fetch(BELL, { cache: "no-store" });
        const { asleep } = await answer.json();
        // A ring that is newer than this look knows better.
        if (this.rangAt > now || asleep === this.isAsleep) return;
        if (asleep === true) this.sleep();
        else if (asleep === false) this.wake();
      } catch {
        // The next answer to the lab says it again.
      }
    }

    sleep() {
      this.isAsleep = true;
      this.veil.show();
    }

    wake() {
      this.isAsleep = false;
      this.veil.hide();
      const { kernels, sessions, terminals } = this.app.serviceManager;
      for (const each of [kernels, sessions, terminals]) {
        each?.refreshRunning?.().catch(() => {}); // polls that had slowed down go on now
      }
      this.reconnect();
    }

    // The lab itself tries ever more seldom, and gives up after two minutes.
    reconnect() {
      for (const each of this.connections()) {
        const isLost = each?.connectionStatus && each.connectionStatus !== "connected";
        if (isLost) each.reconnect?.().catch(() => {});
      }
    }

    // Of the kernels and terminals that are open here.
    *connections() {
      for (const widget of this.app.shell.widgets("main")) {
        const context = widget.sessionContext ?? widget.context?.sessionContext;
        yield context?.session?.kernel;
        yield widget.content?.session;
      }
    }
  }

  // What the lab shares may be of another version, or not there.
  async function tokenOf(shared, module, name) {
    try {
      const [version] = Object.values(shared[module]);
      return (await version.get())()[name];
    } catch {
      return undefined;
    }
  }

  let shared = {};
  const container = {
    init: (scope) => { shared = scope; },
    get: async () => {
      const translator = await tokenOf(shared, "@jupyterlab/translation", "ITranslator");
      const plugin = {
        id: `${NAME}:plugin`,
        description: "Says that the workspace sleeps, and wakes it when the person returns.",
        autoStart: true,
        optional: translator ? [translator] : [],
        activate: (app, translator) => {
          try {
            const language = translator?.languageCode || navigator.language;
            new Tab(app, new Veil(language)).watch();
          } catch {
            // A lab that is too old or too new goes on without.
          }
        },
      };
      return () => ({ __esModule: true, default: plugin });
    },
  };
  (window._JUPYTERLAB ??= {})[NAME] = container;
})();
