/** The rules of `src/README.md` that a program can check. */
import assert from "node:assert/strict";
import { relative } from "node:path";

const ROOT = new URL("..", import.meta.url);
const MAX_FILE_LINES = 450;
const MAX_CONSTRUCTOR_LINES = 60;

/** Floors from the ground up; rooms of one floor do not import each other. */
const FLOORS: readonly (readonly string[])[] = [
  ["runtime"],
  ["message"],
  ["transport"],
  ["transaction"],
  ["data", "location"],
  ["core"],
  ["rest", "config"],
  ["appliance"],
  ["cli"],
  ["main.ts"],
];

/** Rooms that may import less or more than everything below them. */
const EXCEPTIONS: Readonly<Record<string, { only?: readonly string[]; also?: readonly string[] }>> = {
  data: { only: ["runtime", "message"] },
  location: { only: ["runtime", "message"] },
  // The entry lies outside of src.
  "main.ts": { also: ["deno.json"] },
};

/** Rooms of `src/core` from the ground up, by folder; `""` is the files in `core` itself. */
const ROOMS_OF_CORE: readonly (readonly string[])[] = [
  [""],
  ["flows"],
  ["access"],
  ["authentication"],
  ["cluster"],
  ["proxy"],
  ["dialogs"],
  ["trunk"],
  ["routing", "registrar", "calls"],
  ["dispatcher"],
];

interface SourceFile {
  /** Relative to the root: `src/core/router.ts`. */
  readonly path: string;
  readonly text: string;
  /** The text without comments and without the content of strings and regular expressions. */
  readonly code: string;
}

const files: readonly SourceFile[] = [
  ...sourceFiles(new URL("src/", ROOT)),
  sourceFile(new URL("main.ts", ROOT)),
];

function* sourceFiles(folder: URL): Generator<SourceFile> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sourceFiles(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield sourceFile(new URL(name, folder));
  }
}

function sourceFile(url: URL): SourceFile {
  const text = Deno.readTextFileSync(url);
  return { path: relative(ROOT.pathname, url.pathname), text, code: codeOf(text) };
}

/** Removes comments and empties literals. A regular expression is one that stands where an expression may begin. */
function codeOf(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|(?<=[(,=:[!&|?;]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\//g,
    (match) => match.startsWith("/") ? "" : '""',
  );
}

/** Returns the room of a file: `transport` for `src/transport/linux/udp_transport.ts`, `main.ts` for itself. */
function roomOf(path: string): string {
  const [first, second] = path.split("/");
  return first === "src" ? second : first;
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}

/** Returns the files of the project that a file imports, relative to the root. */
function importsOf({ path, text }: SourceFile): string[] {
  const specifiers = text.matchAll(
    /^\s*(?:import|export)\b[^"';]*?\bfrom\s+"(\.[^"]*)"|\bimport\(\s*"(\.[^"]*)"|^\s*import\s+"(\.[^"]*)"/gm,
  );
  return [...specifiers].map(([, from, dynamic, bare]) =>
    relative(ROOT.pathname, new URL(from ?? dynamic ?? bare, new URL(path, ROOT)).pathname)
  );
}

function maySee(room: string, seen: string): boolean {
  if (room === seen) return true;
  const { only, also = [] } = EXCEPTIONS[room] ?? {};
  if (also.includes(seen)) return true;
  return only ? only.includes(seen) : floorOf(seen) < floorOf(room);
}

Deno.test("Every file of src belongs to a floor", () => {
  assert.ok(files.length > 50, `${files.length} files`);
  const homeless = files.filter(({ path }) => floorOf(roomOf(path)) < 0).map(({ path }) => path);
  assert.deepEqual(homeless, []);
});

Deno.test("Imports go down or stay in the folder", () => {
  const faults: string[] = [];
  let count = 0;
  for (const file of files) {
    for (const imported of importsOf(file)) {
      count++;
      // Samples that are compiled in are no code.
      if (imported.startsWith("config/") && imported.endsWith(".yaml")) continue;
      if (!maySee(roomOf(file.path), roomOf(imported))) faults.push(`${file.path} imports ${imported}`);
    }
  }
  assert.deepEqual(faults, []);
  assert.ok(count > 100, `${count} imports`);
});

Deno.test("Rooms of the core import those below them", () => {
  const core = files.filter(({ path }) => path.startsWith("src/core/"));
  const homeless = core.filter(({ path }) => floorOfCore(path) < 0).map(({ path }) => path);
  assert.deepEqual(homeless, []);
  const faults = new Set<string>();
  for (const file of core) {
    for (const imported of importsOf(file)) {
      const isWithin = !imported.startsWith("src/core/") || roomOfCore(imported) === roomOfCore(file.path);
      if (isWithin || floorOfCore(imported) < floorOfCore(file.path)) continue;
      faults.add(`${roomOfCore(file.path)} → ${roomOfCore(imported)}`);
    }
  }
  assert.deepEqual([...faults], []);
});

function roomOfCore(path: string): string {
  const [, , room, ...rest] = path.split("/");
  return rest.length === 0 ? "" : room;
}

function floorOfCore(path: string): number {
  return ROOMS_OF_CORE.findIndex((rooms) => rooms.includes(roomOfCore(path)));
}

Deno.test("No two files import each other, not even by a detour", () => {
  const withoutTypes = files.map((file) => {
    const text = file.text.replace(/^\s*(?:import|export)\s+type\b[^"]*"[^"]*";?/gm, "");
    return { ...file, text };
  });
  assert.deepEqual(importCycles(withoutTypes), []);
});

Deno.test("No imports of types form a cycle in these rooms", () => {
  const rooms = ["data", "location", "config"];
  assert.deepEqual(importCycles(files.filter(({ path }) => rooms.includes(roomOf(path)))), []);
});

/** Returns each cycle of imports among some files as a list of paths. */
function importCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map(files.map((file) => [file.path, importsOf(file)]));
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at >= 0) return void cycles.push([...way.slice(at), path].join(" → "));
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}

Deno.test("Deno.dlopen is in src/runtime/native and nowhere else", () => {
  const places = files.filter(({ code }) => /\bdlopen\b/.test(code)).map(({ path }) => path);
  assert.ok(places.length > 0);
  assert.deepEqual(places.filter((path) => !path.startsWith("src/runtime/native/")), []);
});

Deno.test("The server's time comes from a Clock", () => {
  const faults = files.filter(({ path, code }) =>
    roomOf(path) !== "cli" && path !== "src/runtime/clock.ts" &&
    /\bperformance\.now\b|\bDate\.now\b|\bset(?:Timeout|Interval)\(/.test(code)
  );
  assert.deepEqual(faults.map(({ path }) => path), []);
});

Deno.test(`No file has more than ${MAX_FILE_LINES} lines`, () => {
  const long = files.filter(({ text }) => text.trimEnd().split("\n").length > MAX_FILE_LINES).map((
    { path },
  ) => path);
  assert.deepEqual(long, []);
});

Deno.test(`No constructor has more than ${MAX_CONSTRUCTOR_LINES} lines`, () => {
  const long = files.filter(({ text }) =>
    [...text.matchAll(/^( +)(?:private )?constructor\([^]*?^\1\}/gm)]
      .some(([constructor]) => constructor.split("\n").length > MAX_CONSTRUCTOR_LINES)
  );
  assert.deepEqual(long.map(({ path }) => path), []);
});

Deno.test("A unit test lies where its source lies, under its name or one that begins with it", () => {
  const units = [...sourceFiles(new URL("tests/unit/", ROOT))].map(({ path }) => path)
    .filter((path) => path.endsWith("_test.ts"));
  assert.ok(units.length > 50, `${units.length} unit tests`);
  const strays = units.filter((unit) => {
    const stem = unit.replace("tests/unit/", "src/").replace(/test\.ts$/, "");
    return !files.some(({ path }) => stem.startsWith(path.replace(/\.ts$/, "_")));
  });
  assert.deepEqual(strays, []);
});

Deno.test("Programs of threads that the code names are in the binary", () => {
  const build = Deno.readTextFileSync(new URL("build.sh", ROOT));
  const included = [...build.matchAll(/--include (\S+)/g)].map(([, path]) => path);
  const named = files.flatMap(({ path, text }) =>
    [...text.matchAll(/new URL\("([^"]+_worker\.ts)", import\.meta\.url\)/g)]
      .map(([, worker]) => relative(ROOT.pathname, new URL(worker, new URL(path, ROOT)).pathname))
  );
  const workers = files.map(({ path }) => path).filter((path) => path.endsWith("_worker.ts"));
  assert.deepEqual(named.sort(), included.sort());
  assert.deepEqual(named.sort(), workers.sort());
});

Deno.test("The entry has fewer than 60 lines", () => {
  const entry = files.find(({ path }) => path === "main.ts");
  assert.ok(entry && entry.text.trimEnd().split("\n").length < 60);
});

Deno.test("Files are named after the one thing inside, in snake_case, and none is a drawer", () => {
  const names = files.map(({ path }) => path.split("/").at(-1)!);
  assert.deepEqual(names.filter((name) => !/^[a-z0-9]+(?:_[a-z0-9]+)*(?:\.d)?\.ts$/.test(name)), []);
  const drawers = files.filter(({ path }) =>
    /(?:^|\/)(?:mod|index)\.ts$|util|helper|manager|\bcommon\b|\bmisc\b/.test(path)
  );
  assert.deepEqual(drawers.map(({ path }) => path), []);
});

Deno.test("Nothing is any, and no check is switched off", () => {
  const faults = files.flatMap(({ path, text, code }) => [
    ...[...code.matchAll(/[:<|&,(]\s*any\b(?!\s*[:(])|\bas any\b|\bany\[\]|=\s*any\s*;/g)].map(([found]) =>
      `${path}: ${found}`
    ),
    ...[...text.matchAll(/@ts-(?:ignore|expect-error|nocheck)|no-explicit-any/g)].map(([found]) =>
      `${path}: ${found}`
    ),
  ]);
  assert.deepEqual(faults, []);
});

Deno.test("Nothing is left to do later, and nothing is commented out", () => {
  const faults = files.flatMap(({ path, text }) =>
    [...text.matchAll(/\b(?:TODO|FIXME|XXX|HACK)\b|^\s*\/\/.*[;{]\s*$/gm)].map(([found]) =>
      `${path}: ${found.trim()}`
    )
  );
  assert.deepEqual(faults, []);
});

Deno.test("No file only passes on what others export", () => {
  const barrels = files.filter(({ code }) => {
    const lines = code.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    return lines.length > 0 &&
      lines.every((line) => /^(?:export\b.*\bfrom\b|import\b|\}|[\w, ]+,?$)/.test(line));
  });
  assert.deepEqual(barrels.map(({ path }) => path), []);
  assert.deepEqual(files.filter(({ code }) => /^export \*/m.test(code)).map(({ path }) => path), []);
});

Deno.test("Who starts the server downloads no package that only tests need", () => {
  const { imports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const unused = Object.keys(imports).filter((name) => !files.some(({ text }) => text.includes(`"${name}"`)));
  assert.deepEqual(unused, []);
  const { specifiers } = JSON.parse(Deno.readTextFileSync(new URL("deno.lock", ROOT)));
  const packages = Object.values<string>(imports).map((specifier) =>
    /^npm:@?[^@]+@[^/]+/.exec(specifier)?.[0]
  );
  assert.deepEqual(Object.keys(specifiers).sort(), [...new Set(packages)].sort());
});

Deno.test("The map in src/README.md names files and folders that are there", () => {
  const map = Deno.readTextFileSync(new URL("src/README.md", ROOT));
  const names = [...map.matchAll(/`(?:\.\.\/)?([\w./]+(?:\.ts|\/))`/g)].map(([, name]) => name);
  assert.ok(names.length > 100, `${names.length} names`);
  const missing = names.filter((name) =>
    !name.startsWith("tests/") &&
    !files.some(({ path }) =>
      name.endsWith("/") ? `/${path}`.includes(`/${name}`) : `/${path}`.endsWith(`/${name}`)
    )
  );
  assert.deepEqual(missing, []);
});
