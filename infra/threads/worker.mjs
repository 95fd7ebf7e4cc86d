/**
 * What runs on each thread of `infra/threads.ts`: imports modules in TypeScript by their URL and
 * calls what they export. JavaScript, because Node 20 starts threads with nothing else.
 */
import { register } from 'tsx/esm/api';

register();

export default async function call({ module, name, input }) {
  const { [name]: exported } = await import(module).catch((error) => {
    // As it is it may not get through to the other thread.
    throw new Error(`threads: ${module} cannot be imported: ${error.message}\n${error.stack}`);
  });
  if (typeof exported !== 'function') {
    throw new TypeError(`threads: expected ${module} to export the function ${name}`);
  }
  return exported(input);
}
