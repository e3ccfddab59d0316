// Bars of one market at one resolution, and who listens to them.

const KEYS = { S: "1S", D: "1D", W: "1W", M: "1M" };

/** What the service calls a resolution. */
export const keyed = (resolution) => KEYS[resolution] ?? resolution;

export class Series {
  isTold = false; // the connection tells of it
  wasTold = false; // an earlier one did
  isReading = false;
  again = false;
  waiting = new Map(); // bars by time that came while history was read
  #listeners = new Map();

  constructor(ticker, resolution) {
    Object.assign(this, { ticker, resolution });
  }

  get isIdle() {
    return !this.#listeners.size;
  }

  /** The oldest of the last bars that the listeners have; null where none has any. */
  get since() {
    const lasts = [...this.#listeners.values()].map(({ last }) => last).filter((last) => last !== null);
    return lasts.length ? Math.min(...lasts) : null;
  }

  add(guid, onTick, onResetNeeded, last) {
    this.#listeners.set(guid, { onTick, onResetNeeded, last, isVoid: false });
  }

  /** The time of the last bar that this listener's chart has, null where it has none. */
  remove(guid) {
    const { last } = this.#listeners.get(guid);
    this.#listeners.delete(guid);
    return last;
  }

  /** Tell of `bar`. The library throws at a bar older than its last one, so nobody is told of such. */
  tell(bar) {
    for (const listener of this.#listeners.values()) {
      if (listener.last !== null && bar.time < listener.last) continue;
      listener.last = bar.time;
      listener.onTick({ ...bar });
    }
  }

  /** What the charts show may be void. */
  renew() {
    for (const listener of this.#listeners.values()) {
      listener.isVoid = true;
      listener.onResetNeeded?.();
    }
  }

  /** The charts for which it was void begin anew with `last`. */
  begin(last) {
    for (const listener of this.#listeners.values()) if (listener.isVoid) Object.assign(listener, { last, isVoid: false });
  }
}
