/** A process that takes the lake of the home in its argument, says so, and keeps it for ever. */
import { openLake } from '../../infra/lake.ts';

void openLake(process.argv[2]!).update(async () => {
  process.stdout.write('taken\n');
  await new Promise((resolve) => setTimeout(resolve, 2 ** 30));
});
