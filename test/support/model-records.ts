import { createHash } from 'node:crypto';
import type { ModelEvent, ModelRecord } from '../../pipelines/models.ts';

/** A version for a test: `ranker-` and twelve digits that its letters decide. */
export function versionOf(name: string): string {
  return `ranker-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

/** The bytes that a model of this name has. */
export function bytesOf(name: string): Uint8Array {
  return new TextEncoder().encode(`the model ${name}`);
}

export function recordOf(name: string, changes: Partial<ModelRecord> = {}): ModelRecord {
  const bytes = bytesOf(name);
  return {
    format: 1,
    version: versionOf(name),
    lake: 'main',
    week: '2014-W36',
    revision: 1,
    parent: null,
    dataCutoff: '2014-09-01T00:00:00.000Z',
    learnedUntil: '2014-08-18T00:00:00.000Z',
    seed: 1,
    options: { ranker: { seed: 1, prior: { 'artist plays': 0.8 } } },
    features: ['artist plays', 'age'],
    code: '0.1.0',
    metrics: { 'ndcg@30': 0.12, 'training/bestFeature': 'artist plays' },
    gate: null,
    file: {
      name: 'ranker.mmrk',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    },
    createdAt: '2014-08-30T06:00:00.000Z',
    ...changes,
  };
}

export function eventOf(name: string, changes: Partial<ModelEvent> = {}): ModelEvent {
  return {
    format: 1,
    id: `gate:2014-W36:1:${versionOf(name)}`,
    lake: 'main',
    kind: 'promoted',
    version: versionOf(name),
    instead: null,
    by: 'gate',
    why: 'better: NDCG@30 0.2 against 0.1',
    at: Date.UTC(2014, 7, 30, 6),
    ...changes,
  };
}
