/** `kaquan produce`: each way of it is a file of its own. */
export { produceFile, type FileOptions } from './produce/file.ts';
export { produceSimulate, type SimulateOptions } from './produce/simulate.ts';
