/** What only SSH can say in a corpus form: channels of every sort, and file operations one by one. */
import { z } from 'zod';

const path = z.string();
/** One SFTP request; several of a step go in one subsystem, one after the other. */
export const fileOperationSchema = z.union([
  z.strictObject({ put: path, text: z.string(), mode: z.int().optional() }),
  z.strictObject({ get: path }),
  z.strictObject({ list: path }),
  z.strictObject({ stat: path }),
  z.strictObject({ remove: path }),
  z.strictObject({ rmdir: path }),
  z.strictObject({ mkdir: path }),
  z.strictObject({ chmod: path, mode: z.int() }),
  z.strictObject({ chown: path, uid: z.int(), gid: z.int() }),
  z.strictObject({ rename: z.tuple([path, path]) }),
  z.strictObject({ symlink: z.tuple([path, path]) }),
  z.strictObject({ extended: z.string(), paths: z.array(path) }),
  /** Copies inside the target; both files are opened first. */
  z.strictObject({ copy: z.tuple([path, path]) }),
  /** Opens for reading and writes through that handle. */
  z.strictObject({ writeThroughReading: path, text: z.string() }),
  z.strictObject({ request: z.int().min(0).max(255), path }),
]);
export type FileOperation = z.infer<typeof fileOperationSchema>;

export const stepSchema = z.union([
  z.strictObject({
    exec: z.string(),
    input: z.string().optional(),
    env: z.record(z.string(), z.string()).optional(),
    terminal: z.boolean().optional(),
  }),
  z.strictObject({ shell: z.string(), terminal: z.boolean().optional() }),
  z.strictObject({ subsystem: z.string() }),
  z.strictObject({ sftp: z.array(fileOperationSchema).min(1) }),
  z.strictObject({ forward: z.tuple([z.string(), z.int()]) }),
  z.strictObject({ socket: z.string() }),
  z.strictObject({ listen: z.tuple([z.string(), z.int()]) }),
  z.strictObject({ listenSocket: z.string() }),
  z.strictObject({ agent: z.literal(true) }),
  z.strictObject({ x11: z.literal(true) }),
  /** Signs in again with another secret. */
  z.strictObject({ signIn: z.string() }),
]);
export type Step = z.infer<typeof stepSchema>;
