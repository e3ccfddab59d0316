// The buttons that choose how much time a bar takes.

import { INTERVALS } from "./address.js";

const WORDS = { s: "second", m: "minute", h: "hour", d: "day", w: "week", M: "month" };

export class Intervals {
  #place = document.getElementById("intervals");

  constructor(onChosen) {
    this.#place.append(
      ...INTERVALS.map((name) => {
        const button = Object.assign(document.createElement("button"), { type: "button", value: name, textContent: name });
        const count = Number.parseInt(name, 10);
        button.setAttribute("aria-label", `${name}: ${count} ${WORDS[name.at(-1)]}${count > 1 ? "s" : ""}`);
        return button;
      }),
    );
    this.#place.addEventListener("click", ({ target }) => target.matches("button") && onChosen(target.value));
  }

  choose(interval) {
    for (const button of this.#place.children) button.setAttribute("aria-pressed", String(button.value === interval));
  }
}
