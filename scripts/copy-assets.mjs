// tsc copies only what it compiles; the schemas, the SQL and the pom are read at run time from beside the code.
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const isAsset = (path) => !/\.[cm]?tsx?$/.test(path);
const isCompiled = (path) => /\.(js|js\.map|d\.ts)$/.test(path);

// A file that was renamed or removed must not stay: migrations are read by what lies there.
function removeAssets(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && !isCompiled(entry.name)) rmSync(join(entry.parentPath, entry.name));
  }
}

for (const folder of ['schemas', 'sql']) {
  removeAssets(`dist/${folder}`);
  cpSync(folder, `dist/${folder}`, { recursive: true, filter: isAsset });
}
cpSync('pom.xml', 'dist/pom.xml');
chmodSync('dist/cli/main.js', 0o755);
