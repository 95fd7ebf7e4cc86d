import { featureNames } from '../candidates/features.ts';
import { candidateOptions, type CandidateOptions } from '../candidates/generate.ts';
import { sourceNames, type SourceName } from '../candidates/pool.ts';

/** Features that belong together and to no source; those of a source begin with its name. */
const featureGroups: Readonly<Record<string, readonly string[]>> = {
  agreement: ['sources'],
  familiarity: ['artist plays', 'artist share'],
  fame: [
    'track listeners',
    'artist listeners',
    'track playlists',
    'catalogue popularity',
    'place of artist',
  ],
  genres: ['genre match'],
  age: ['age'],
  articles: ['artist trend', 'artist sentiment'],
  listener: ['listener plays', 'listener artists', 'listener repeats'],
};

/** What can be left out: each source with its features, and each further group of features. */
export const ablationGroups: readonly string[] = [...sourceNames, ...Object.keys(featureGroups)];

/** What the pipeline is without a group: its source asks for nothing, the ranker sees no feature of it. */
export function withoutGroup(group: string): {
  readonly candidates: { readonly quotas: CandidateOptions['quotas'] };
  readonly without: readonly string[];
} {
  const quotas = { ...candidateOptions.parse({}).quotas };
  const isSource = (sourceNames as readonly string[]).includes(group);
  if (isSource) quotas[group as SourceName] = 0;
  const without = featureNames.filter((name) => groupOfFeature(name) === group);
  return { candidates: { quotas }, without };
}

/** The group of a feature; of one in no group, its own name. */
export function groupOfFeature(feature: string): string {
  for (const [group, features] of Object.entries(featureGroups)) {
    if (features.includes(feature)) return group;
  }
  return sourceNames.find((source) => feature.startsWith(`${source} `)) ?? feature;
}
