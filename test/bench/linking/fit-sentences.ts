import { fitLogistic } from '../../../model/text/linking/logistic.ts';
import { linkerWeights, type LinkerWeights } from '../../../model/text/linking/weights.ts';
import { FixtureCatalogue, keyOf, labelledSentences } from '../../support/linking.ts';

/** How far the weights are held near 0. */
export const l2OfMentions = 0.3;
export const l2OfTitles = 0.5;

/**
 * Fits the regressions of mentions and titles on the train part of our own sentences. The titles'
 * come second: only those of artists who are linked are seen.
 */
export function fitSentences(): LinkerWeights {
  const sentences = labelledSentences('train');
  const first = new FixtureCatalogue();
  const mentions: number[][] = [];
  const isMeant: number[] = [];
  for (const { text, links } of sentences) {
    const wanted = new Set(links.map(keyOf));
    for (const { span, features } of first.examine(text).mentions) {
      mentions.push([...features]);
      isMeant.push(+wanted.has(keyOf({ artist: first.nameOf(span.form.artist) })));
    }
  }
  const mention = fitLogistic(mentions, isMeant, l2OfMentions);

  const second = new FixtureCatalogue({ ...linkerWeights, mention });
  const titles: number[][] = [];
  const isTitle: number[] = [];
  for (const { text, links } of sentences) {
    const wanted = new Set(
      links.flatMap((link) =>
        'artist' in link ? [] : [`${link.by} / ${'album' in link ? link.album : link.track}`],
      ),
    );
    const meant = new Set(links.flatMap((link) => ('artist' in link ? [link.artist] : [])));
    for (const { span, features } of second.examine(text).titles) {
      const by = second.nameOf(span.artist);
      if (!meant.has(by)) continue; // the confidence in the artist is counted in by itself
      titles.push([...features]);
      const names = [span.title.album, second.titleOf(span.artist, span.title.track)];
      isTitle.push(
        +names.some((name) => name !== null && name !== undefined && wanted.has(`${by} / ${name}`)),
      );
    }
  }
  const title = fitLogistic(titles, isTitle, l2OfTitles);
  return { ...linkerWeights, mention, title };
}
