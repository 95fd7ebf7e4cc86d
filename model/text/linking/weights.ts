/** Weights of the linker's regressions, in the order of their inputs. */
export interface LinkerWeights {
  /** Of `mentionFeatureNames`: whether an artist is meant. */
  readonly mention: readonly number[];
  /** Of `titleFeatureNames`: whether a title is meant, where its artist is. */
  readonly title: readonly number[];
  /** Whether a word that is an artist's last name means that artist, whose whole name is not there. */
  readonly lastName: readonly number[];
  /** Whether an artist who is named is the subject. */
  readonly about: readonly number[];
}

/**
 * Fitted by `npm run bench:linking -- --fit`, which prints them: `mention` and `title` on
 * `test/fixtures/linking/train.jsonl`, `lastName` and `about` on the articles of `../shared/data/text` with
 * an even page number, title and first sentence masked; by Newton's method, see `fitLogistic`.
 * `held-out.jsonl` and the articles with an odd number were not looked at.
 */
export const linkerWeights: LinkerWeights = {
  mention: [
    1.538, -1.2634, 0.1553, 0.533, 0.7063, -0.433, -1.0515, 0.5772, -2.272, -1.4025, 0.2115, 0,
    -2.2729, -2.1002, -1.3962, -2.1002, -1.3962, -1.1388, 0, -2.3599, -0.3153, 0.3053, 0.6314,
    0.2102, 2.6701, 1.5465, -0.8725, -0.4725, 1.6751, 3.5886, 1.2453, 0.5621, 0.5099, 0.0146, 0,
    -1.3549, -2.1833, -0.9631, -0.3883, -0.4826, -0.4555, 0.3114, 1.7421,
  ],
  title: [
    2.7464, 1.3721, -1.5224, 0.4043, 0.5404, -1.0152, 0, 0.6576, 0.1143, -0.1026, 1.0564, 0.0958, 0,
    0.3457, 0, 0, -0.8969,
  ],
  lastName: [-6.3085, 3.3401, 3.3389, 3.3565, 0.0519, -1.6537, -1.6705, -0.7024],
  about: [-8.3286, 1.7313, 8.3502, -2.167, 0.9847, 1.6575, -1.1035, -0.3359],
};
