/** The folder of LiteRT.js' own files, beside the worker. */
declare const __LITERT__: string;
/** The files of the default engine's page, and a hash of them all: what works offline; and all files with a hash in their names. */
declare const __SHELL__: { readonly version: string; readonly files: readonly string[]; readonly assets: readonly string[] };
