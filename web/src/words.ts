// What a page says where a mouse points (`title`), for fingers and keys, too: in a box at the edge of the window.
const SAID = '[title]:not([title=""]), svg[aria-label]';
const CONTROL = "a, button, input, select, textarea, summary";
// Of such a group Tab stops at the first; arrows go on.
const GROUP = "dl, table, ul, ol, p, figure, article";
// Pixels that a finger may slip.
const SLIP = 10;

export function sayWords(): void {
  const box = document.body.appendChild(document.createElement("div"));
  box.className = "words-box";
  box.hidden = true;
  // Screen readers read the words themselves.
  box.setAttribute("aria-hidden", "true");
  let of: Element | null = null;
  let down: PointerEvent | null = null;

  const hide = () => {
    box.hidden = true;
    of = null;
  };
  const show = (element: Element, byKey: boolean) => {
    // What a control holds, and what stands beside it, has no place of its own for keys.
    const around = isControl(element) ? (element.closest("label") ?? element).querySelectorAll("[title]") : [];
    const said = [...new Set([element, ...around])].flatMap(lines);
    if (!said.length) return;
    of = element;
    box.replaceChildren(...said);
    if (byKey && element.matches("[data-said-here]")) {
      box.appendChild(document.createElement("small")).textContent = "Arrows: the next one. Escape: away.";
    }
    box.hidden = false;
    place();
  };
  const place = () => {
    box.classList.remove("above");
    box.classList.toggle("above", !!of && of.getBoundingClientRect().bottom > box.getBoundingClientRect().top - SLIP);
  };

  // Not a click, which a finger makes on nothing but controls in some browsers.
  document.addEventListener("pointerdown", (event) => {
    hide();
    down = event;
  });
  document.addEventListener("pointerup", (event) => {
    const still = down && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < SLIP;
    const element = event.target instanceof Element && event.target.closest(SAID);
    if (event.pointerType !== "mouse" && still && element && !isControl(element)) show(element, false);
  });
  // What comes into focus is only then brought into view.
  document.addEventListener("scrollend", place);
  document.addEventListener("focusin", ({ target }) => {
    if (target instanceof Element && target.matches(":focus-visible")) show(target, true);
  });
  document.addEventListener("focusout", ({ target }) => {
    if (target === of) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    // With these keys arrows are the browser's: back, or to the end of the page.
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (!step || !(event.target instanceof Element) || !event.target.matches("[data-said-here]")) return;
    const all = [...document.querySelectorAll<HTMLElement>("[data-said-here]")].filter((one) => one.getClientRects().length);
    const next = all[all.indexOf(event.target as HTMLElement) + step];
    if (!next) return;
    next.focus();
    event.preventDefault();
  });

  reach(document.body);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) reach(node);
  }).observe(document.body, { childList: true, subtree: true });
}

/** Let keys come to all that says something and is no control by itself. */
function reach(root: Element): void {
  for (const one of [root, ...root.querySelectorAll(SAID)]) {
    if (!one.matches(SAID) || one.closest(CONTROL) || one.closest("label")) continue;
    const group = one.parentElement?.closest(GROUP);
    one.setAttribute("tabindex", group?.querySelector("[data-said-here]") ? "-1" : "0");
    one.setAttribute("data-said-here", "");
  }
}

const isControl = (element: Element): boolean => element.matches(CONTROL);

/** What an element says, after what stands there. */
function lines(element: Element): HTMLElement[] {
  const words = element.getAttribute("title") ?? (element.matches("svg") ? element.getAttribute("aria-label") : null);
  if (!words) return [];
  const line = document.createElement("p");
  const text = element instanceof HTMLElement && !element.querySelector("[title]") ? element.innerText.replace(/\s+/g, " ").trim() : "";
  if (text && text.length < 60) line.appendChild(document.createElement("b")).textContent = `${text}: `;
  line.append(words.trim());
  return [line];
}
