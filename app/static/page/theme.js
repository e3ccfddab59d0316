// Chooses light or dark before anything is drawn: the address says so, or the reader did, or the system does.
(() => {
  "use strict";
  const CHOICE = "theme";
  const asked = new URLSearchParams(location.search).get("theme");
  const system = matchMedia("(prefers-color-scheme: light)");

  const kept = () => {
    try {
      return localStorage.getItem(CHOICE);
    } catch {
      return null; // a frame without storage
    }
  };
  const apply = () => {
    const chosen = [asked, kept()].find((one) => one === "light" || one === "dark");
    const theme = chosen ?? (system.matches ? "light" : "dark");
    if (document.documentElement.dataset.theme === theme) return;
    document.documentElement.dataset.theme = theme;
    document.dispatchEvent(new Event("themechange"));
  };

  globalThis.switchTheme = () => {
    try {
      localStorage.setItem(CHOICE, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    } catch {
      return;
    }
    apply();
  };
  system.addEventListener("change", apply);
  apply();
})();
