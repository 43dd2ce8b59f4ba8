import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';

/** Makes the folder where it is not there. Rejects with an Error that says which key of the configuration to correct. */
export async function ensureWritable(path: string, what: string, key: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(`${what} ${path} cannot be written (${reason(error)}): correct ${key}, or its permissions`, { cause: error });
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a file stands where a folder should be';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not write there';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
      return 'the disk is full';
    default:
      return code === undefined ? String(error) : String(code);
  }
}
