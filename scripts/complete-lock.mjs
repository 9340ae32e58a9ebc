// npm ci refuses a lock that lacks a package for another platform, and npm leaves one out when the registry at hand has none.
// Adds those: npm skips them where they do not fit. Run it after an npm install that changed package-lock.json.
import { readFileSync, writeFileSync } from 'node:fs';

const OS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const CPU = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64'];

/** Where Node would find `name` from `folder`, or undefined. */
function found(packages, folder, name) {
  for (let at = folder; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (path in packages) return path;
    if (at === '') return undefined;
  }
}

function platformPackage(name, version, owner) {
  const words = name.split(/[-/]/);
  const os = OS.filter((word) => words.includes(word));
  const cpu = CPU.filter((word) => words.includes(word));
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : undefined;
  const where = { cpu, os, ...(os.includes('linux') && libc && { libc }) };
  return { version, ...where, ...(owner.dev && { dev: true }), license: owner.license, optional: true };
}

export function completed(lock) {
  const packages = { ...lock.packages };
  for (const [folder, owner] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      if (found(packages, folder, name) === undefined) {
        packages[`node_modules/${name}`] = platformPackage(name, version, owner);
      }
    }
  }
  const order = Object.keys(packages).sort((a, b) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(order.map((path) => [path, packages[path]])) };
}

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
writeFileSync(file, `${JSON.stringify(completed(lock), null, 2)}\n`);
