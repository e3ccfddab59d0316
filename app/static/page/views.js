// On a phone one part of the page is shown at a time.

export function views() {
  const bar = document.getElementById("views");
  const show = (view) => {
    document.body.dataset.view = view;
    for (const button of bar.children) button.setAttribute("aria-pressed", String(button.value === view));
  };
  bar.addEventListener("click", ({ target }) => target.matches("button") && show(target.value));
  return show;
}
