export declare function installPrograms(programs: readonly string[]): string[];
