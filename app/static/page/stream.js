// Live streams of the page, such as gold@kline_1m and gold@trade, on one WebSocket.

import { Socket } from "../datafeed/socket.js";

const RETRY_MS = 5_000; // until what could not be subscribed to is tried again, each alone

/** Whether the service has streams; without, everything is polled. */
export const isSwitchedOn = document.querySelector('meta[name="stream"]').content === "on";

/**
 * A listener has `joined()`, after which all is told (what was before has to be read), `frame(data)`, and `reset()`: what was told or read
 * may be void. `onState(isLive)` is called when the connection comes or goes.
 */
export class Stream {
  #socket;
  #listeners = new Map();
  #sent = new Map(); // what is subscribed to on this connection, by the number of its request
  #joined = new Set(); // and was answered
  #alone = new Set(); // what failed together with others
  #number = 0;
  #isQueued = false;

  constructor(onState) {
    const url = new URL("/stream", location.href).href;
    const ping = { method: "LIST_SUBSCRIPTIONS", params: [], id: 0 };
    const lost = () => {
      this.#sent.clear();
      this.#joined.clear();
      onState(false);
    };
    const open = () => {
      onState(true);
      this.#ask();
    };
    this.#socket = new Socket(url, { open, lost, message: (message) => this.#heard(message) }, ping);
    if (isSwitchedOn) this.#socket.open();
  }

  get isLive() {
    return this.#socket.isOpen;
  }

  /** Have `listener` told of the stream `name`; returns what ends that. */
  subscribe(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    const listeners = this.#listeners.get(name).add(listener);
    if (this.#joined.has(name)) queueMicrotask(() => listeners.has(listener) && listener.joined?.());
    else this.#queue();
    return () => {
      listeners.delete(listener);
      if (listeners.size || this.#listeners.get(name) !== listeners) return;
      this.#listeners.delete(name);
      this.#queue();
    };
  }

  /** Few messages for all that is asked for in one turn. */
  #queue() {
    if (this.#isQueued) return;
    this.#isQueued = true;
    queueMicrotask(() => {
      this.#isQueued = false;
      this.#ask();
    });
  }

  #ask() {
    if (!this.isLive) return;
    const old = [...this.#sent.keys()].filter((name) => !this.#listeners.has(name));
    if (old.length) this.#say("UNSUBSCRIBE", old);
    for (const name of old) {
      this.#sent.delete(name);
      this.#joined.delete(name);
    }
    const wanted = [...this.#listeners.keys()].filter((name) => !this.#sent.has(name));
    const together = wanted.filter((name) => !this.#alone.has(name));
    for (const names of [together, ...wanted.filter((name) => this.#alone.has(name)).map((name) => [name])]) {
      if (!names.length) continue;
      const id = this.#say("SUBSCRIBE", names);
      for (const name of names) this.#sent.set(name, id);
    }
  }

  #say(method, params) {
    const id = ++this.#number;
    this.#socket.say({ method, params, id });
    return id;
  }

  #heard({ stream, data, id, error }) {
    if (stream) {
      for (const listener of this.#listeners.get(stream) ?? []) data.e === "reset" ? listener.reset?.() : listener.frame?.(data);
      return;
    }
    const names = [...this.#sent].filter(([, number]) => number === id).map(([name]) => name);
    if (error) this.#failed(names);
    else names.forEach((name) => this.#join(name));
  }

  #join(name) {
    this.#joined.add(name);
    this.#alone.delete(name);
    for (const listener of this.#listeners.get(name) ?? []) listener.joined?.();
  }

  #failed(names) {
    for (const name of names) {
      this.#sent.delete(name);
      this.#alone.add(name);
    }
    if (names.length) setTimeout(() => this.#queue(), RETRY_MS);
  }
}
