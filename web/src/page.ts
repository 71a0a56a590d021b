// Every page of the package.
import { sayWords } from "./words";

sayWords();
