// The clusters, each a switch, and the key of what points are coloured by.
import { Colouring, shapeOf, SHAPES } from "./colouring";
import { Data } from "./data";

export class Legend {
  private readonly hidden = new Set<number>();
  private readonly switches = new Map<number, HTMLButtonElement>();
  private readonly more = document.createElement("button");
  private coloured = true;

  constructor(private readonly list: HTMLElement, private readonly data: Data, private readonly changed: () => void) {
    this.more.type = "button";
    this.more.addEventListener("click", () => this.fold(!list.classList.contains("whole")));
    new ResizeObserver(() => this.fold(list.classList.contains("whole"))).observe(list);
    this.fill();
  }

  /** Anew, of the clusters as they are in the data now. */
  fill(): void {
    const { data, list } = this;
    list.replaceChildren();
    this.switches.clear();
    const sizes = new Map<number, number>();
    for (const cluster of data.cluster) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
    const all = this.button("All", () => this.hidden.clear());
    const none = this.button("None", () => [...this.switches.keys()].forEach((cluster) => this.hidden.add(cluster)));
    const item = list.appendChild(document.createElement("li"));
    item.className = "map-all";
    item.append(all, none, this.more);
    for (const cluster of [...sizes.keys()].sort((a, b) => a - b)) this.add(cluster, sizes.get(cluster)!);
    this.colour(this.coloured);
    this.fold(list.classList.contains("whole"));
  }

  /** Clusters that there is no room for, or all. */
  private fold(whole: boolean): void {
    const { list, more } = this;
    list.classList.toggle("whole", whole);
    more.hidden = !whole && list.scrollHeight <= list.clientHeight + 1;
    more.textContent = whole ? "Fewer" : `Show all ${this.switches.size}`;
    more.setAttribute("aria-expanded", String(whole));
  }

  shows(cluster: number): boolean {
    return !this.hidden.has(cluster);
  }

  shownClusters(): number[] {
    return [...this.switches.keys()].filter((cluster) => cluster >= 0 && this.shows(cluster));
  }

  /** Whether colours stand for clusters. */
  colour(on: boolean): void {
    this.coloured = on;
    for (const [cluster, button] of this.switches) {
      const { colours } = this.data;
      const mark = button.querySelector<HTMLElement>("i")!;
      mark.style.background = on && cluster >= 0 ? colours[cluster % colours.length] : "";
    }
  }

  private add(cluster: number, size: number): void {
    const button = this.button("", () => {
      if (!this.hidden.delete(cluster)) this.hidden.add(cluster);
    });
    const mark = button.appendChild(document.createElement("i"));
    mark.className = `map-mark ${SHAPES[shapeOf(cluster, this.data.colours.length)]}`;
    button.append(cluster < 0 ? "in none" : this.data.clusters[cluster], " ");
    const number = button.appendChild(document.createElement("span"));
    number.textContent = size.toLocaleString("en");
    button.title = `${size.toLocaleString("en")} points on the map: show or hide them`;
    button.setAttribute("aria-pressed", String(this.shows(cluster)));
    this.switches.set(cluster, button);
    this.list.appendChild(document.createElement("li")).append(button);
  }

  private button(text: string, pressed: () => void): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", () => {
      pressed();
      for (const [cluster, one] of this.switches) one.setAttribute("aria-pressed", String(this.shows(cluster)));
      this.changed();
    });
    return button;
  }
}

export function fillKey(element: HTMLElement, colouring: Colouring, ramp: string[]): void {
  element.replaceChildren();
  element.hidden = colouring.key === null;
  const { key } = colouring;
  const text = (value: string) => {
    const part = element.appendChild(document.createElement("span"));
    part.textContent = value;
    return part;
  };
  if (key && "low" in key) {
    text(key.low);
    text("").style.background = `linear-gradient(90deg, ${ramp.join(", ")})`;
    text(key.high);
    element.children[1].className = "map-ramp";
  } else if (key) {
    for (const [word, colour] of key.words) {
      const part = text("");
      const mark = part.appendChild(document.createElement("i"));
      mark.className = "map-mark circle";
      mark.style.background = colour;
      part.append(word);
    }
  }
}
