import { expect, test } from '@jest/globals';
import { languageTag } from '../../model/language-tags.ts';

test.each([
  ['en', 'en'],
  ['zh-cn', 'zh-CN'],
  ['en_GB', 'en-GB'],
  ['in', 'id'],
])('%s is written %s', (text, tag) => {
  expect(languageTag(text)).toBe(tag);
});

test.each(['xx-lc', '', 'e', 'not a tag', 'zz'])('"%s" is no language', (text) => {
  expect(languageTag(text)).toBeUndefined();
});
