// Says whether what is shown is live.

const WORDS = { connecting: "Connecting", live: "Live", lost: "Reconnecting", polled: "Every 5 s" };
const PATIENCE_MS = 1_500; // a connection that comes back at once is no news

export class Connection {
  #place = document.getElementById("connection");
  #timer = null;

  show(state) {
    clearTimeout(this.#timer);
    if (state === "lost" && this.#place.dataset.state === "live") this.#timer = setTimeout(() => this.#say(state), PATIENCE_MS);
    else this.#say(state);
  }

  #say(state) {
    if (state === "lost" && this.#place.dataset.state === "connecting") state = "connecting";
    this.#place.dataset.state = state;
    document.body.dataset.connection = state;
    this.#place.lastElementChild.textContent = WORDS[state];
    this.#place.title = state === "lost" ? "The connection was lost; what is shown may be old" : "";
  }
}
