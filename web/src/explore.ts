// The page of vaecluster explore: the map of the report, and what its tools do with the run on the server.
import { get, postForText, State } from "./explore/api";
import { BringPanel } from "./explore/bring";
import { ClustersPanel } from "./explore/clusters";
import { ComparePanel } from "./explore/compare";
import { GeneratePanel } from "./explore/generate";
import { HistoryPanel } from "./explore/history";
import { MembersPanel } from "./explore/members";
import { Placing } from "./explore/placing";
import { Store } from "./explore/store";
import { Data, read, Written } from "./map/data";
import { RowMap } from "./map/map";
import { sayWords } from "./words";

const script = document.currentScript as HTMLElement;
const panel = (name: string): HTMLElement => document.getElementById(`panel-${name}`)!;
const store = new Store(document.querySelector("[data-said]")!, document.querySelector("[data-doing]")!);

/** Show one panel and hide the others; `looked` are told when their panel is shown. */
function tabs(looked: Record<string, () => void>): (name: string) => void {
  const all = [...document.querySelectorAll<HTMLElement>("[role=tab]")];
  const show = (tab: HTMLElement) => {
    for (const one of all) {
      const on = one === tab;
      one.setAttribute("aria-selected", String(on));
      one.tabIndex = on ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")!)!.hidden = !on;
    }
    // The cross on the map belongs to the panel that set it.
    store.map?.invite([]);
    looked[tab.id.replace("tab-", "")]?.();
  };
  all.forEach((tab, place) => {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = all[(place + step + all.length) % all.length];
      show(next);
      next.focus();
    });
  });
  return (name) => show(document.getElementById(`tab-${name}`)!);
}

/** The map on a stage; null where there is no WebGL 2, and all else works without it. */
function drawn(stage: HTMLElement, data: Data, saved?: (rows: number[]) => Promise<string>): RowMap | null {
  try {
    return new RowMap(stage, data, saved);
  } catch {
    return null;
  }
}

async function start(): Promise<void> {
  const [stage, otherStage] = document.querySelectorAll<HTMLElement>("[data-map]");
  const [data] = await Promise.all([get<Written>("api/map").then(read), get<State>("api/state").then((state) => store.take(state))]);
  const own = drawn(stage, data, (rows) => postForText("api/table", rows));
  store.map = own;
  new Placing(stage.querySelector("[data-selection]")!, store);
  const members = new MembersPanel(panel("members"), store);
  const generate = new GeneratePanel(panel("generate"), store);
  const bring = new BringPanel(panel("bring"), store, script.dataset.pictures === "yes");
  const compare = otherStage ? new ComparePanel(panel("compare"), store) : null;
  const show = tabs({
    members: () => members.look(),
    generate: () => generate.look(),
    bring: () => bring.look(),
    compare: () => compare?.look(),
  });
  const open = (cluster: number) => {
    members.open(cluster);
    show("members");
  };
  new ClustersPanel(panel("clusters"), store, data.colours, open);
  new HistoryPanel(panel("history"), store);
  const maps = [own];
  store.onChange(() => own?.regroup(Int16Array.from(data.row, (row) => store.labels[row]), store.names()));
  if (otherStage) {
    const other = drawn(otherStage, await read(await get<Written>("api/other/map")));
    maps.push(other);
    otherStage.querySelector<HTMLElement>("[data-selection]")!.classList.add("linked");
  }
  // What is selected on one map is selected everywhere.
  let linking = false;
  const link = (rows: Iterable<number>, from: RowMap | null) => {
    if (linking) return;
    linking = true;
    for (const map of maps) if (map !== from) map?.choose(rows);
    if (from) store.choose(rows);
    linking = false;
  };
  for (const map of maps) if (map) map.selected = (rows) => link(rows ?? [], map);
  store.onChosen(() => link(store.chosen, null));
  if (own) own.pressed = (row) => store.toggle(row);
  addEventListener("focus", () => void store.refresh());
  document.body.setAttribute("data-ready", "");
}

sayWords();
void store.trying(start);
