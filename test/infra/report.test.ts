import { describe, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';
import { html } from '../../infra/report/html.ts';
import { renderModelReport } from '../../infra/report/model-report.ts';
import { cell, plainTable } from '../../infra/report/table.ts';
import { modelReport, type ModelReport } from '../../pipelines/model-report.ts';
import { sampleReport } from '../support/model-report.ts';

/** The little of the DOM that is looked at; its own types need a browser's. */
interface Node {
  readonly textContent: string;
  readonly outerHTML: string;
  readonly tagName: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Node | null;
  querySelectorAll(selector: string): Iterable<Node>;
}

const documentOf = (report: ModelReport): Node =>
  (parseHTML(renderModelReport(report)) as unknown as { document: Node }).document;

const textsOf = (nodes: Iterable<Node>): string[] =>
  [...nodes].map(({ textContent }) => textContent.trim().replaceAll(/\s+/g, ' '));

describe('The page of a model', () => {
  test('loads nothing: no script, no link, no source, and a policy that forbids them', () => {
    const page = documentOf(sampleReport);
    expect([...page.querySelectorAll('script, link, img, iframe, object, embed, [src]')]).toEqual(
      [],
    );
    expect([...page.querySelectorAll('[href]')]).toEqual([]);
    expect(renderModelReport(sampleReport)).not.toMatch(/url\(|@import/);
    const policy = page.querySelector('meta[http-equiv="Content-Security-Policy"]');
    expect(policy?.getAttribute('content')).toBe("default-src 'none'; style-src 'unsafe-inline'");
  });

  test('shows names of listeners, tracks and models as text, whatever they hold', () => {
    const page = documentOf({ ...sampleReport, version: 'ranker-<svg onload=alert(1)>' });
    expect(page.querySelector('h1')?.textContent).toBe('ranker-<svg onload=alert(1)>');
    expect(page.querySelector('summary')?.textContent).toBe('u<img src=x onerror=alert(1)>');
    expect(textsOf(page.querySelectorAll('li strong'))[0]).toBe('<b>Bold</b>');
    expect([...page.querySelectorAll('li b, [onload], [onerror]')]).toEqual([]);
    const named = documentOf({
      ...sampleReport,
      metrics: [{ name: 'a"b<c>', models: [{ model: '"><script>x</script>', value: 1 }] }],
    });
    expect([...named.querySelectorAll('script')]).toEqual([]);
    expect(textsOf(named.querySelectorAll('svg text'))).toContain('"><script>x</script>');
  });

  test('says how far predictions are from what was played', () => {
    const page = documentOf(sampleReport);
    const [text] = textsOf(page.querySelectorAll('section[aria-labelledby=calibration]'));
    expect(text).toContain('on average the two are 0.00052 apart');
  });

  test('can be read without eyes: one heading each, every figure described, tables with heads', () => {
    const page = documentOf(sampleReport);
    expect([...page.querySelectorAll('h1')]).toHaveLength(1);
    expect(textsOf(page.querySelectorAll('h2'))).toEqual([
      'Where it comes from',
      'Against the champion and the baselines',
      'Guardrails',
      'Calibration',
      'What it looks at',
      'What its sources reach',
      'Lists as examples',
    ]);
    const figures = [...page.querySelectorAll('figure > svg')];
    expect(figures.map((svg) => svg.getAttribute('role'))).toEqual(figures.map(() => 'img'));
    expect(figures.map((svg) => svg.getAttribute('aria-label'))).toEqual([
      'Bars of NDCG@30 of 5 models; the highest is this model with 0.2130.',
      'Differences of this model and 3 others with intervals; 2 lie wholly above zero.',
      'Calibration by tenths of the candidates: the highest tenth is predicted 0.0275 and played 0.0247.',
      'Importance of each feature: the most is artists rank with 0.0810.',
      'Listed tracks that each source offered: the most is artists with 2,500.',
    ]);
    for (const table of page.querySelectorAll('table')) {
      expect(table.querySelector('caption')?.textContent.trim()).not.toBe('');
      expect([...table.querySelectorAll('th[scope="col"]')].length).toBeGreaterThan(1);
    }
    const ids = [...page.querySelectorAll('[id]')].map((node) => node.getAttribute('id'));
    expect(new Set(ids).size).toBe(ids.length);
    expect(page.querySelector('html')?.getAttribute('lang')).toBe('en');
  });

  test('says what the gate decided and why, and which guardrail broke', () => {
    const page = documentOf(sampleReport);
    expect(textsOf(page.querySelectorAll('.badge'))).toEqual(['champion', 'promoted by the gate']);
    expect(textsOf(page.querySelectorAll('.reasons li'))).toEqual(sampleReport.decision!.reasons);
    const rows = page.querySelectorAll('section[aria-labelledby="guardrails"] tbody tr');
    expect([...rows].map((row) => textsOf(row.querySelectorAll('th, td')))).toEqual([
      ['catalogue on any list', 'yes', '0.4400', '0.4100', 'at least 0.3280'],
      ['inequality (Gini)', 'broken', '0.9000', '0.8100', 'at most 0.8480'],
    ]);
  });

  test('draws each figure from its data: the longest bar is the best model', () => {
    const page = documentOf(sampleReport);
    const widths = [...page.querySelector('figure')!.querySelectorAll('rect')].map((rect) =>
      Number(rect.getAttribute('width')),
    );
    const values = sampleReport.metrics[0]!.models.map(({ value }) => value);
    for (const [n, width] of widths.entries()) {
      expect(width / widths[0]!).toBeCloseTo(values[n]! / values[0]!, 6);
    }
    const dots = page.querySelectorAll('section[aria-labelledby="calibration"] circle');
    expect([...dots]).toHaveLength(10);
  });

  test('leaves out figures that there is nothing for', () => {
    const page = documentOf({
      ...sampleReport,
      decision: undefined,
      metrics: [],
      differences: [],
      guardrails: [],
      calibration: [],
      importance: [],
      coverage: [],
      examples: [],
    });
    expect([...page.querySelectorAll('figure')]).toEqual([]);
    expect(textsOf(page.querySelectorAll('.badge'))[1]).toBe('not judged by the gate');
    expect(textsOf(page.querySelectorAll('section[aria-labelledby="guardrails"] p'))[0]).toMatch(
      /: none\.$/,
    );
  });

  test('gives the same bytes for the same report, and its schema takes what it shows', () => {
    const stored = modelReport.parse(JSON.parse(JSON.stringify(sampleReport)));
    expect(renderModelReport(stored)).toBe(renderModelReport(sampleReport));
  });
});

describe('Markup', () => {
  test('escapes values in text and in attributes, and leaves out what is not there', () => {
    const value = `<a href="x" title='y'>&`;
    expect(
      html`<p title="${value}">${value}${undefined}${false}${[1, html`<br />`]}</p>`.markup,
    ).toBe(
      '<p title="&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;">&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;1<br /></p>',
    );
  });

  test('rounds numbers for readers and says where there is none', () => {
    const column = { title: 'n', value: (n: number | undefined) => n };
    const shown = (n: number | undefined, digits?: number) =>
      cell(digits === undefined ? column : { ...column, digits }, n);
    expect([shown(1234), shown(0.12345), shown(2, 1), shown(undefined), shown(NaN)]).toEqual([
      '1,234',
      '0.1235',
      '2.0',
      '–',
      '–',
    ]);
    expect(plainTable([{ title: 'name', value: (n: number) => `n${n}` }, column], [5, 1000])).toBe(
      'name       n\nn5         5\nn1000  1,000',
    );
  });
});
