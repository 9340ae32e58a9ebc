// tsc copies only what it compiles; the schemas, the SQL and the pom are read at run time from beside the code.
import { chmodSync, cpSync } from 'node:fs';

const isAsset = (path) => !/\.[cm]?tsx?$/.test(path);

for (const folder of ['schemas', 'sql']) {
  cpSync(folder, `dist/${folder}`, { recursive: true, filter: isAsset });
}
cpSync('pom.xml', 'dist/pom.xml');
chmodSync('dist/cli/main.js', 0o755);
