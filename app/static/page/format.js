// Figures as people read them.

const LOCALE = "en-US";
const DIGITS = 6; // significant ones of a price

const cached = new Map();
const numbers = (key, options) => {
  if (!cached.has(key)) cached.set(key, new Intl.NumberFormat(LOCALE, options));
  return cached.get(key);
};

/** Decimals that show a price of this size with about six digits: 2 of 2000.5, 10 of 0.00001234. */
export const decimals = (price) => {
  if (!price) return 2;
  return Math.min(16, Math.max(2, DIGITS - 1 - Math.floor(Math.log10(Math.abs(price)))));
};

/** 2,000.50 and 0.0000123400; from five zeros on they are counted: 0.0₈690712, as nothing else fits on a phone. */
export const price = (value, places = decimals(value)) => {
  if (value === null || value === undefined) return "–";
  const text = numbers(`p${places}`, { minimumFractionDigits: places, maximumFractionDigits: places }).format(value);
  return text.replace(/0\.(0{5,})(?=[1-9])/, (_, zeros) => `0.0${lowered(zeros.length)}`);
};

const lowered = (count) => String(count).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

/** 12,694,178 as 12.69M. */
export const amount = (value) =>
  value === null || value === undefined
    ? "–"
    : Math.abs(value) < 1_000
      ? exactly(value)
      : numbers("a", { notation: "compact", minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);

export const exactly = (value) => (value === null || value === undefined ? "–" : numbers("e", { maximumFractionDigits: 2 }).format(value));

/** A share as percent, with its sign: 0.0159 is +1.59 %. */
export const percent = (ratio, places = 2) => {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return "–";
  const options = { style: "percent", signDisplay: "exceptZero", minimumFractionDigits: places, maximumFractionDigits: places };
  return numbers(`%${places}`, options).format(ratio);
};

export const direction = (value) => (value > 0 ? "up" : value < 0 ? "down" : "flat");

const padded = (value) => String(value).padStart(2, "0");

/** 12:03:04, of seconds since 1970, UTC. */
export const clock = (seconds) => new Date(seconds * 1_000).toISOString().slice(11, 19);

/** 02:03:04 until then. */
export const countdown = (seconds) => {
  const left = Math.max(0, Math.floor(seconds));
  return `${padded(Math.floor(left / 3_600))}:${padded(Math.floor(left / 60) % 60)}:${padded(left % 60)}`;
};
