import { calibrationError } from '../../model/evaluation/calibration.ts';
import type { ModelReport } from '../../pipelines/model-report.ts';
import {
  calibrationFigure,
  differenceFigure,
  importanceFigure,
  listedFigure,
  metricFigure,
} from './model-figures.ts';
import { html, type Html } from './html.ts';
import { page } from './page.ts';
import { table } from './table.ts';

/** One HTML file that needs nothing else: no script, no request. The same report, the same bytes. */
export function renderModelReport(report: ModelReport): string {
  return page(
    `Model ${report.version}`,
    html`<header>
        <p class="eyebrow">Mondaymix model report</p>
        <h1>${report.version}</h1>
        ${verdict(report)}
      </header>
      <main>
        ${origin(report)} ${metrics(report)} ${guardrails(report)} ${calibration(report)}
        ${importance(report)} ${coverage(report)} ${examples(report)}
      </main>`,
  );
}

function verdict({ state, decision }: ModelReport): Html {
  const word = decision === undefined ? 'not judged' : decision.promote ? 'promoted' : 'kept out';
  return html`<p>
      <span class="badge ${state}">${state}</span>
      <span class="badge">${word} by the gate</span>
    </p>
    ${
      decision &&
      html`<ul class="reasons">
        ${decision.reasons.map((reason) => html`<li>${reason}</li>`)}
      </ul>`
    }`;
}

function origin(report: ModelReport): Html {
  const facts: [string, string | number | undefined][] = [
    ['Week', report.week],
    ['Data until', moment(report.cutoff)],
    ['Parent', report.parent ?? 'none'],
    ['Seed', report.seed],
    ['Code', report.commit],
    ['Trained', report.trainedAt && moment(report.trainedAt)],
    ['Holdout', `${report.holdout.listeners} listeners, ${report.holdout.groups} lists`],
  ];
  return html`<section aria-labelledby="origin">
    <h2 id="origin">Where it comes from</h2>
    <dl>
      ${facts
        .filter(([, value]) => value !== undefined)
        .map(
          ([name, value]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
    </dl>
  </section>`;
}

function metrics(report: ModelReport): Html {
  const rows = report.metrics.flatMap(({ name, models }) =>
    models.map(({ model, value }) => ({ name, model, value })),
  );
  return html`<section aria-labelledby="metrics">
    <h2 id="metrics">Against the champion and the baselines</h2>
    <p>All on the same newest weeks, which none of them has learned from.</p>
    ${report.metrics.map((metric) => metricFigure(metric))}
    ${report.differences.length > 0 && differenceFigure(report.differences)}
    ${table(
      'Figures',
      [
        { title: 'Figure', value: (row) => row.name },
        { title: 'Model', value: (row) => row.model },
        { title: 'Value', value: (row) => row.value, digits: 4 },
      ],
      rows,
    )}
    ${table(
      `Differences of ${report.differences[0]?.figure ?? 'figures'}: this model less the other`,
      [
        { title: 'Against', value: (row) => row.against },
        { title: 'Difference', value: (row) => row.mean, digits: 4 },
        {
          title: 'Interval',
          value: ({ low, high, level }) =>
            `${low.toFixed(4)} to ${high.toFixed(4)} (${Math.round(100 * level)} %)`,
        },
      ],
      report.differences,
    )}
  </section>`;
}

/** What the gate's figures are, in words. */
const guardrailNames: Readonly<Record<string, string>> = {
  coverage: 'catalogue on any list',
  gini: 'inequality (Gini)',
  popularShare: 'most popular artists',
  overlap: 'works of last week',
  artistOverlap: 'artists of last week',
  shortLists: 'lists under 30 tracks',
};

/** `2026-01-05 00:00 UTC`. */
function moment(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}

function guardrails(report: ModelReport): Html {
  return html`<section aria-labelledby="guardrails">
    <h2 id="guardrails">Guardrails</h2>
    ${table(
      'What its lists are like, as shares, and how far that may be from the champion',
      [
        { title: 'Guardrail', value: (row) => guardrailNames[row.name] ?? row.name },
        { title: 'Holds', value: (row) => (row.holds ? 'yes' : 'broken') },
        { title: 'This model', value: (row) => row.challenger, digits: 4 },
        { title: 'Champion', value: (row) => row.champion, digits: 4 },
        { title: 'Limit', value: (row) => `at ${row.bound} ${row.limit.toFixed(4)}` },
      ],
      report.guardrails,
    )}
  </section>`;
}

function calibration(report: ModelReport): Html {
  return html`<section aria-labelledby="calibration">
    <h2 id="calibration">Calibration</h2>
    <p>
      The chance that a candidate is the one played, as the model predicts it, against the share of
      plays that fell on it, by tenths of the candidates. A model that means what it says lies on
      the dashed diagonal; on average the two are ${calibrationError(report.calibration).toFixed(5)}
      apart.
    </p>
    ${report.calibration.length > 0 && calibrationFigure(report.calibration)}
    ${table(
      'Tenths of the candidates, the lowest scores first',
      [
        { title: 'Tenth', value: (row) => row.bin },
        { title: 'Candidates', value: (row) => row.candidates },
        { title: 'Predicted', value: (row) => row.predicted, digits: 5 },
        { title: 'Played', value: (row) => row.played, digits: 5 },
        { title: '± error', value: (row) => row.high - row.played, digits: 5 },
      ],
      report.calibration,
    )}
  </section>`;
}

function importance(report: ModelReport): Html {
  return html`<section aria-labelledby="importance">
    <h2 id="importance">What it looks at</h2>
    <p>
      By how much NDCG@30 falls when a feature is shuffled among the candidates of each listener. 0:
      it makes no use of it.
    </p>
    ${report.importance.length > 0 && importanceFigure(report.importance)}
    ${table(
      'Features, the most important first',
      [
        { title: 'Feature', value: (row) => row.feature },
        { title: 'Loss of NDCG@30', value: (row) => row.drop, digits: 4 },
        { title: 'Least', value: (row) => row.low, digits: 4 },
        { title: 'Most', value: (row) => row.high, digits: 4 },
      ],
      report.importance,
    )}
  </section>`;
}

function coverage(report: ModelReport): Html {
  const total = report.coverage.reduce((most, { listed }) => Math.max(most, listed), 0);
  return html`<section aria-labelledby="coverage">
    <h2 id="coverage">What its sources reach</h2>
    <p>A track can be offered by several sources; “alone” counts those that one source offered.</p>
    ${total > 0 && listedFigure(report.coverage)}
    ${table(
      'Candidates and listed tracks by source',
      [
        { title: 'Source', value: (row) => row.source },
        { title: 'Offered', value: (row) => row.offered },
        { title: 'Alone', value: (row) => row.onlyBySource },
        { title: 'Listed', value: (row) => row.listed },
        { title: 'Listed alone', value: (row) => row.listedOnlyBySource },
      ],
      report.coverage,
    )}
  </section>`;
}

function examples(report: ModelReport): Html {
  return html`<section aria-labelledby="examples">
    <h2 id="examples">Lists as examples</h2>
    ${report.examples.map(
      ({ user, heard, tracks }) =>
        html`<details open>
          <summary>${user}</summary>
          <p>
            ${
              heard.length === 0
                ? 'Has played nothing yet.'
                : `Has played ${heard.map(({ title, artist }) => `${title} by ${artist}`).join('; ')}.`
            }
          </p>
          <ol>
            ${tracks.map(
              (track) =>
                html`<li>
                  <strong>${track.title}</strong> ${track.artists.join(', ')}
                  <span class="reason">${track.reason}</span>
                </li>`,
            )}
          </ol>
        </details>`,
    )}
  </section>`;
}
