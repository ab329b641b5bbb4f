import { writeArtifact } from './compile.js';

writeArtifact();
