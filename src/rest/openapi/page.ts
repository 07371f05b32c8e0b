/** A page that shows the contract and loads nothing else. */
import { hash } from "node:crypto";

const STYLE = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;text-transform:capitalize}
details{border:1px solid #8886;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}
summary{cursor:pointer}
code,pre,.path{font-family:ui-monospace,monospace;font-size:.9rem}
pre{overflow:auto;background:#8882;padding:.6rem;border-radius:6px}
.method{display:inline-block;width:4.5rem;font-weight:700}
.get{color:#2276d2}.post{color:#2a9d3c}.put{color:#b7791f}.delete{color:#d03434}
td,th{text-align:left;vertical-align:top;padding:.1rem 1rem .1rem 0}
`;

/** The script of the page. It sets texts as text, never as markup. */
const SCRIPT = `
const contract = JSON.parse(document.getElementById("contract").textContent);
const add = (parent, name, text, className) => {
  const element = parent.appendChild(document.createElement(name));
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};
const main = document.querySelector("main");
add(main, "h1", contract.info.title + " " + contract.info.version);
add(main, "p", contract.info.description);
const schema = (parent, title, value) => {
  const details = add(parent, "details");
  add(details, "summary", title);
  add(details, "pre", JSON.stringify(value, null, 2));
};
for (const { name } of contract.tags) {
  add(main, "h2", name);
  for (const [path, methods] of Object.entries(contract.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (!operation.tags.includes(name)) continue;
      const details = add(main, "details");
      const summary = add(details, "summary");
      add(summary, "span", method.toUpperCase(), "method " + method);
      add(summary, "span", path, "path");
      add(summary, "span", " \\u2013 " + operation.summary);
      if (operation.description) add(details, "p", operation.description);
      if (operation.security) add(details, "p", "Open to everybody.");
      if (operation.parameters.length > 0) {
        const table = add(details, "table");
        for (const parameter of operation.parameters) {
          const row = add(table, "tr");
          add(add(row, "td"), "code", parameter.name);
          add(row, "td", parameter.in);
          add(row, "td", parameter.description || "");
        }
      }
      for (const [type, { schema: body }] of Object.entries(operation.requestBody?.content ?? {})) {
        schema(details, "Body: " + type, body);
      }
      for (const [status, answer] of Object.entries(operation.responses)) {
        const [content] = Object.values(answer.content ?? {});
        schema(details, status + " " + answer.description, content?.schema ?? {});
      }
    }
  }
}
add(main, "h2", "Schemas");
for (const [name, value] of Object.entries(contract.components.schemas)) schema(main, name, value);
`;

const POLICY = `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; script-src ${
  sourceOf(SCRIPT)
}; style-src ${sourceOf(STYLE)}`;

/** @param contract the OpenAPI document as JSON */
export function contractPage(contract: string): Response {
  // "</script>" would end the element.
  const data = contract.replaceAll("<", "\\u003c");
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>routr</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body><main></main>
<script type="application/json" id="contract">${data}</script><script>${SCRIPT}</script></body></html>`;
  return new Response(html, {
    headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY },
  });
}

function sourceOf(text: string): string {
  return `'sha256-${hash("sha256", text, "base64")}'`;
}
