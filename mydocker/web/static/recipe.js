// A recipe's form: packages as chips, and what is found in the recipe while it is typed. Without
// this, packages are lines of a text, and all is found when the form is sent.

const form = document.getElementById("recipe");
const isReadOnly = form.querySelector("fieldset").disabled;
const DELAY = 400;
let timer = null;
let asking = null;

// --- asking what is found ---

// `tried` are texts that are not in their fields yet, by manager.
async function ask(tried = {}) {
  clearTimeout(timer);
  asking?.abort();
  asking = new AbortController();
  const body = new FormData(form);
  body.set("slug", form.dataset.slug);
  for (const [name, text] of Object.entries(tried)) body.set(name, text);
  let answer;
  try {
    answer = await fetch(form.dataset.check, { method: "POST", body, signal: asking.signal });
  } catch {
    return null; // Another question took its place, or the network is gone: sending tells all.
  }
  if (!answer.ok) return null;
  const parsed = document.createElement("template");
  parsed.innerHTML = await answer.text();
  return parsed.content;
}

async function look() {
  const found = await ask();
  if (found) show(found);
}

function show(found, but = null) {
  for (const id of ["findings", "produced"]) {
    const fresh = found.getElementById(id);
    if (fresh) document.getElementById(id).replaceWith(fresh);
  }
  for (const list of lists) if (list !== but) list.show(found.getElementById(list.said.id));
  const said = document.getElementById("findings").dataset.said;
  const status = document.getElementById("findings-said");
  if (status.textContent !== said) status.textContent = said;
}

// --- packages as chips ---

class Packages {
  constructor(field) {
    this.text = field.querySelector("textarea");
    this.box = field.querySelector(".pk");
    this.chips = this.box.querySelector("ul");
    this.input = this.box.querySelector("input");
    this.label = field.querySelector("label");
    this.said = field.querySelector("[id^=said-]");
    this.input.addEventListener("keydown", (event) => this.typed(event));
    this.input.addEventListener("blur", () => this.add(this.input.value, false));
    this.input.addEventListener("paste", (event) => this.pasted(event));
    this.box.addEventListener("click", (event) => this.clicked(event));
    this.text.addEventListener("blur", look);
    this.show(this.said.cloneNode(true));
  }

  // Takes what the server says of the text; a text with mistakes is mended as a text.
  show(fresh) {
    if (!fresh) return;
    const isBad = fresh.hasAttribute("data-bad");
    this.said.replaceWith(fresh);
    this.said = fresh;
    if (isBad) this.text.setAttribute("aria-invalid", "true");
    else this.text.removeAttribute("aria-invalid");
    if (document.activeElement === this.text) return; // it becomes chips when it is left
    if (!isBad) this.fill(fresh);
    this.box.hidden = isBad;
    this.text.hidden = !isBad;
    this.label.htmlFor = isBad ? this.text.id : this.input.id;
  }

  fill(fresh) {
    const items = [...fresh.querySelector("template").content.children];
    this.text.value = items.map((item) => item.dataset.word).join("\n");
    this.chips.replaceChildren(...items);
  }

  typed(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" || event.key === ",") {
      event.preventDefault();
      this.add(this.input.value, true);
    } else if (event.key === "Backspace" && !this.input.value) {
      const last = this.chips.lastElementChild;
      if (last) this.remove(last);
    }
  }

  pasted(event) {
    const text = event.clipboardData.getData("text");
    if (!text.includes("\n")) return;
    event.preventDefault();
    this.add(`${this.input.value} ${text}`, true);
  }

  clicked(event) {
    const button = event.target.closest("button");
    if (button) this.remove(button.closest("li"));
    else if (event.target === this.box || event.target === this.chips) this.input.focus();
  }

  async add(words, staysHere) {
    if (!words.trim()) return;
    const text = `${this.text.value}\n${words.trim()}`;
    const found = await ask({ [this.text.name]: text });
    const fresh = found?.getElementById(this.said.id);
    if (!fresh) return;
    if (fresh.hasAttribute("data-bad")) {
      // The others stay chips; only what was added is to be mended.
      for (const number of fresh.querySelectorAll(".line-number")) number.remove();
      this.said.replaceWith(fresh);
      this.said = fresh;
      this.input.setAttribute("aria-invalid", "true");
      this.input.setAttribute("aria-describedby", `faults-${this.text.name}`);
      return;
    }
    this.input.value = "";
    this.input.removeAttribute("aria-invalid");
    this.input.removeAttribute("aria-describedby");
    changed();
    show(found);
    if (staysHere) this.input.focus();
  }

  remove(item) {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const words = [...this.chips.children].filter((each) => each !== item);
    this.text.value = words.map((each) => each.dataset.word).join("\n");
    item.remove();
    (next?.querySelector("button") ?? this.input).focus();
    changed();
    look();
  }
}

const lists = isReadOnly
  ? []
  : [...form.querySelectorAll(".packages")].map((field) => new Packages(field));

// --- while it is typed ---

function changed() {
  form.setAttribute("data-changed", "");
}

form.addEventListener("input", (event) => {
  if (event.target.closest(".pk")) return;
  changed();
  clearTimeout(timer);
  timer = setTimeout(look, DELAY);
});

// What still stands beside the chips is sent with them.
form.addEventListener("submit", () => {
  for (const list of lists) {
    if (list.input.value.trim()) list.text.value += `\n${list.input.value.trim()}`;
  }
  form.removeAttribute("data-changed");
});
window.addEventListener("beforeunload", (event) => {
  if (form.hasAttribute("data-changed")) event.preventDefault();
});
