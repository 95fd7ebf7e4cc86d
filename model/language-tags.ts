const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' });

/**
 * A language as BCP 47 writes it: `zh-cn` -> `zh-CN`, and the codes that have gone out of use by
 * their successors (`in` -> `id`).
 *
 * @returns undefined where it is no tag, or no language has that code (Twitter's joke `xx-lc`)
 */
export function languageTag(text: string): string | undefined {
  try {
    const [tag] = Intl.getCanonicalLocales(text.trim().replaceAll('_', '-'));
    if (tag === undefined) return undefined;
    return names.of(tag.split('-')[0]!) === undefined ? undefined : tag;
  } catch {
    return undefined;
  }
}
