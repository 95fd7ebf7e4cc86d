import { expect, test } from '@jest/globals';
import { preferredType } from '../../infra/http/accept.ts';

test.each([
  [undefined, 'image/jpeg'],
  ['', 'image/jpeg'],
  ['*/*', 'image/jpeg'],
  ['image/*', 'image/jpeg'],
  ['image/webp', 'image/webp'],
  ['IMAGE/WEBP', 'image/webp'],
  ['image/webp,*/*;q=0.8', 'image/webp'],
  ['image/webp;q=0.8, image/jpeg', 'image/jpeg'],
  ['image/jpeg;q=0.5, image/*;q=0.9', 'image/webp'],
  ['image/webp;q=0', 'image/jpeg'],
  ['image/webp;q=nonsense, image/jpeg;q=0.1', 'image/jpeg'],
  ['text/html', 'image/jpeg'],
])('of JPEG and WebP "%s" wants %s', (accept, type) => {
  expect(preferredType(accept, ['image/jpeg', 'image/webp'])).toBe(type);
});
