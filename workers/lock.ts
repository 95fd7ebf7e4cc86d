import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completeLockfile, type Lockfile } from '../infra/lockfile.ts';

// Runs after npm wrote the lock file: `npm run lock`.
const file = join(import.meta.dirname, '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8')) as Lockfile;
writeFileSync(file, `${JSON.stringify(completeLockfile(lock), null, 2)}\n`);
