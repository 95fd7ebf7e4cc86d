import { html, Html } from './html.ts';

/** Light and dark as the reader's system has it; one column on a phone. */
const style = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1c1f26; --soft: #565d69; --line: #dedad0;
  --accent: #2f5fc4; --muted: #a9b0bc; --good: #1d7a46; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --card: #1c1f25; --ink: #e8e6e1; --soft: #a6adb9; --line: #343943;
    --accent: #86a9f5; --muted: #5d6573; --good: #6fce97; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 52rem; padding: 1.5rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
.eyebrow { color: var(--soft); margin: 0; }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1.1rem 1.2rem; margin: 1.2rem 0;
}
section > p { color: var(--soft); margin: 0 0 1rem; }
.badge {
  display: inline-block; border: 1px solid currentColor; border-radius: 99px; padding: 0 .7rem;
  font-size: .85rem; color: var(--soft);
}
.badge.champion { color: var(--good); }
.badge.retired { color: var(--bad); }
.reasons { margin: .5rem 0; padding-left: 1.2rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .6rem 1.2rem; margin: 0; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: .5rem 0 1.2rem; }
figure svg { width: 100%; max-width: 36rem; height: auto; }
figcaption, caption { color: var(--soft); font-size: .9rem; text-align: left; }
caption { padding-bottom: .3rem; }
.table { overflow-x: auto; margin: 0 0 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { padding: .28rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; }
tbody th { font-weight: 400; min-width: 5rem; }
tbody th.number { min-width: 0; }
td, .number { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
@media (max-width: 30rem) {
  body { padding: 1rem .5rem 3rem; }
  section { padding: .9rem .7rem; }
  table { font-size: .82rem; }
  th, td { padding: .25rem .3rem; }
}
summary { cursor: pointer; font-weight: 600; }
details { margin: 0 0 1rem; }
ol { padding-left: 2rem; margin: .3rem 0; }
li { margin: .15rem 0; }
.reason { display: block; color: var(--soft); font-size: .9rem; }
`;

/** A whole page that loads nothing from anywhere: the policy in it forbids that. */
export function page(title: string, body: Html): string {
  return `${
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta
            http-equiv="Content-Security-Policy"
            content="default-src 'none'; style-src 'unsafe-inline'"
          />
          <title>${title}</title>
          <style>
            ${new Html(style)}
          </style>
        </head>
        <body>
          ${body}
        </body>
      </html>`.markup
  }\n`;
}
