// What the server is asked for; its records are those of explore/records.py.

export interface Seen {
  picture: string | null;
  text: string | null;
  cells: [string, string][];
}
export interface Cluster {
  number: number;
  name: string;
  size: number;
  confidence: number | null;
}
export interface Doing {
  what: string;
  running: boolean;
  said: string | null;
  error: string | null;
  step: string;
  share: number | null;
  left: string | null;
}
export interface State {
  version: number;
  clusters: Cluster[];
  none: number;
  done: string[];
  undone: string[];
  doing: Doing | null;
}
export interface Row {
  row: number;
  name: string | null;
  cluster: number;
  confidence: number;
  outlier: number | null;
  decided: boolean;
  seen: Seen;
}
export interface Members {
  total: number;
  page: number;
  pages: number;
  rows: Row[];
}
export interface Likely {
  cluster: number;
  probability: number;
}
export interface Generated {
  seen: Seen;
  place: [number, number];
  clusters: Likely[];
}
export interface Brought extends Generated {
  again: Seen;
  outlier: number | null;
  nearest: Row[];
}
export interface Match {
  cluster: number;
  name: string;
  size: number;
  other: number;
  other_name: string;
  other_size: number;
  both: number;
  overlap: number;
}

/** The answer; throws an Error whose message is what the server says. */
async function answer(path: string, init?: RequestInit): Promise<Response> {
  let found: Response;
  try {
    found = await fetch(path, init);
  } catch {
    throw new Error("The server does not answer. Start vaecluster explore again.");
  }
  if (found.ok) return found;
  const said = (await found.json().catch(() => ({}))) as { error?: string };
  throw new Error(said.error ?? `The server answers ${found.status}.`);
}

export const get = async <T>(path: string): Promise<T> => (await answer(path)).json() as Promise<T>;

export const bytes = async (path: string): Promise<ArrayBuffer> => (await answer(path)).arrayBuffer();

const sent = (path: string, body: unknown): Promise<Response> =>
  answer(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const post = async <T>(path: string, body: unknown = {}): Promise<T> => (await sent(path, body)).json() as Promise<T>;

export const postForText = async (path: string, body: unknown): Promise<string> => (await sent(path, body)).text();

export const postFile = async <T>(path: string, file: Blob): Promise<T> =>
  (await answer(path, { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file })).json() as Promise<T>;
