import Base from '@jest/test-sequencer';

const SLOWEST_FIRST = ['/chaos/', '/e2e/', '/integration/'];

const rank = ({ path }) => {
  const found = SLOWEST_FIRST.findIndex((folder) => path.includes(folder));
  return found < 0 ? SLOWEST_FIRST.length : found;
};

/** Starts the slowest suites first also where no earlier run is remembered, so that none is left alone at the end. */
export default class SlowestFirst extends Base {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
}
