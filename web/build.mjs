// Writes the scripts of the pages, each with the digest of what they were built from; tests/report/test_static.py compares.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const PAGES = {
  "src/page.ts": "../src/vaecluster/report/static/page.js",
  "src/report.ts": "../src/vaecluster/report/static/map.js",
  "src/explore.ts": "../src/vaecluster/explore/static/explore.js",
};

const found = readdirSync("src", { recursive: true }).map((name) => `src/${name.replaceAll("\\", "/")}`);
const sources = ["build.mjs", "package-lock.json", "tsconfig.json", ...found.filter((name) => name.endsWith(".ts"))];
const digest = createHash("sha256");
for (const name of sources.sort()) digest.update(`${name}\n`).update(readFileSync(name));
const built = digest.digest("hex");

for (const [entry, place] of Object.entries(PAGES)) {
  const made = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    write: false,
  });
  const text = made.outputFiles[0].text;
  writeFileSync(place, `// Built from web/ (sha256 ${built}); do not edit.\n${text}`);
  console.log(`${place}: ${text.length} characters`);
}
