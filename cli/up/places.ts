import { claimPort } from '../../runtime/embedded/address.ts';
import type { Address } from '../../runtime/http/address.ts';
import { CommandError } from '../failure.ts';

/**
 * Finds the port of each service before anything is started.
 * @param addresses by the setting that says where the service listens; port 0 takes a free one
 * @returns the settings with the ports that they came to be
 * @throws {CommandError} naming the address and the setting, if one is taken
 */
export async function claimPlaces(
  addresses: Readonly<Record<string, Address>>,
): Promise<Record<string, string>> {
  const places: Record<string, string> = {};
  for (const [setting, address] of Object.entries(addresses)) {
    const port = await claimed(address, setting);
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    places[setting] = `${host}:${port}`;
  }
  return places;
}

async function claimed(address: Address, setting: string): Promise<number> {
  try {
    return await claimPort(address, setting);
  } catch (error) {
    throw error instanceof Error ? new CommandError(error.message) : error;
  }
}
