"""Wrong uses of the command line: one line that says what to do, exit status 2, and nothing is written or changed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vaecluster.cli import run

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
VAECLUSTER = Path(sys.executable).with_name("vaecluster")


def place(folder: Path) -> Path:
    """A folder with rows, a run and what else the tables speak of."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(30, 4)) + 5 * np.repeat(np.eye(4)[:3], 10, axis=0)
    np.savez(folder / "rows.npz", X=rows, y=np.repeat([0, 1, 2], 10))
    np.save(folder / "narrow.npy", rows[:, :3])
    np.save(folder / "images.npy", random.random((5, 3, 3)))
    np.save(folder / "holes.npy", np.where(rows > 5, np.nan, rows))
    (folder / "file").write_text("file")
    for name in ("empty", "full", "folder.csv", "folder.npy", "folder.png", "folder.json", "folder.html", "results"):
        (folder / name).mkdir()
    (folder / "full" / "other").write_text("other")
    (folder / "results" / "digits-kmeans.json").write_text("{}")
    fit = f"fit {folder / 'rows.npz'} --output {folder / 'run'} --clusters 3 --epochs 1 --latent 2 --threads 1 --quiet"
    assert run(fit.split()) == 0
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return place(tmp_path_factory.mktemp("command-line"))


# What is written after `vaecluster`, and what comes after "Error: ".
WRONG_WORDS = {
    "RUN: predict": (
        "predict",
        "Command predict parameter RUN requires an argument. See `vaecluster predict --help`.",
    ),
    "SOURCE: predict run": (
        "predict run",
        "Command predict parameter SOURCE requires an argument. See `vaecluster predict --help`.",
    ),
    "RUN: sample": (
        "sample",
        "Command sample parameter RUN requires an argument. See `vaecluster sample --help`.",
    ),
    "RUN: report": (
        "report",
        "Command report parameter RUN requires an argument. See `vaecluster report --help`.",
    ),
    "SOURCE: stability": (
        "stability",
        "Command stability parameter SOURCE requires an argument. See `vaecluster stability --help`.",
    ),
    "NAME: benchmark": (
        "benchmark",
        "Command benchmark parameter NAME requires an argument. See `vaecluster benchmark --help`.",
    ),
    "source: fit": (
        "fit",
        "no source is given. Name a file or a data set, or give --resume and a folder.",
    ),
    "fitt: fitt": (
        "fitt",
        "Unknown command fitt. Did you mean fit? Available commands: fit, predict, sample, report, "
        "stability, demo, benchmark. See `vaecluster --help`.",
    ),
    "-x: -x": (
        "-x",
        "Unknown command -x. Available commands: fit, predict, sample, report, stability, demo, benchmark. "
        "See `vaecluster --help`.",
    ),
    "'more': fit rows.npz more": (
        "fit rows.npz more",
        "Nothing was expected where 'more' came. See `vaecluster fit --help`.",
    ),
    "'more': predict run rows.npz more": (
        "predict run rows.npz more",
        "Nothing was expected where 'more' came. See `vaecluster predict --help`.",
    ),
    "'more': sample run more": (
        "sample run more",
        "Nothing was expected where 'more' came. See `vaecluster sample --help`.",
    ),
    "'more': report run more": (
        "report run more",
        "Nothing was expected where 'more' came. See `vaecluster report --help`.",
    ),
    "'more': stability rows.npz more": (
        "stability rows.npz more",
        "Nothing was expected where 'more' came. See `vaecluster stability --help`.",
    ),
    "'more': demo more": (
        "demo more",
        "Nothing was expected where 'more' came. See `vaecluster demo --help`.",
    ),
    "'more': benchmark digits more": (
        "benchmark digits more",
        "Nothing was expected where 'more' came. See `vaecluster benchmark --help`.",
    ),
    "--cluster: fit rows.npz --cluster 3": (
        "fit rows.npz --cluster 3",
        "Unknown option: --cluster. Did you mean --clusters? See `vaecluster fit --help`.",
    ),
    "--outputs: predict run rows.npz --outputs a.csv": (
        "predict run rows.npz --outputs a.csv",
        "Unknown option: --outputs. Did you mean --output? See `vaecluster predict --help`.",
    ),
    "--clusters: sample run --clusters 1": (
        "sample run --clusters 1",
        "Unknown option: --clusters. Did you mean --cluster? See `vaecluster sample --help`.",
    ),
    "--form: report run --form png": (
        "report run --form png",
        "Unknown option: --form. Did you mean --format? See `vaecluster report --help`.",
    ),
    "--run: stability rows.npz --run 3": (
        "stability rows.npz --run 3",
        "Unknown option: --run. Did you mean --runs? See `vaecluster stability --help`.",
    ),
    "--seeds: demo --seeds 1": (
        "demo --seeds 1",
        "Unknown option: --seeds. Did you mean --seed? See `vaecluster demo --help`.",
    ),
    "--epoch: benchmark digits --epoch 3": (
        "benchmark digits --epoch 3",
        "Unknown option: --epoch. Did you mean --epochs? See `vaecluster benchmark --help`.",
    ),
    "--clusters: fit rows.npz --clusters": (
        "fit rows.npz --clusters",
        "Command fit parameter --clusters requires an argument. See `vaecluster fit --help`.",
    ),
    "--clusters: fit rows.npz --clusters --epochs 3": (
        "fit rows.npz --clusters --epochs 3",
        "Command fit parameter --clusters requires an argument. See `vaecluster fit --help`.",
    ),
    "--resume: fit --resume": (
        "fit --resume",
        "Command fit parameter --resume requires an argument. See `vaecluster fit --help`.",
    ),
    "--epochs: fit rows.npz --epochs 1 --epochs 2": (
        "fit rows.npz --epochs 1 --epochs 2",
        "Parameter --epochs specified multiple times. See `vaecluster fit --help`.",
    ),
    "'yes': fit rows.npz --early-stopping yes": (
        "fit rows.npz --early-stopping yes",
        "Nothing was expected where 'yes' came. See `vaecluster fit --help`.",
    ),
    "--number: sample run --number": (
        "sample run --number",
        "Command sample parameter --number requires an argument. See `vaecluster sample --help`.",
    ),
    "--output: predict run rows.npz --output": (
        "predict run rows.npz --output",
        "Command predict parameter --output requires an argument. See `vaecluster predict --help`.",
    ),
}

WRONG_ORDERS = {
    "--clusters: fit rows.npz --clusters many --output out": (
        "fit rows.npz --clusters many --output out",
        "--clusters is 'many'; expected a whole number or 'auto'. See `vaecluster fit --help`.",
    ),
    "--clusters: fit rows.npz --clusters 2.5 --output out": (
        "fit rows.npz --clusters 2.5 --output out",
        "--clusters is '2.5'; expected a whole number or 'auto'. See `vaecluster fit --help`.",
    ),
    "--clusters: fit rows.npz --clusters 0 --output out": (
        "fit rows.npz --clusters 0 --output out",
        "--clusters is 0; expected a whole number of 1 or more, or 'auto'.",
    ),
    "--clusters: fit rows.npz --clusters -1 --output out": (
        "fit rows.npz --clusters -1 --output out",
        "--clusters is -1; expected a whole number of 1 or more, or 'auto'.",
    ),
    "n_clusters: fit rows.npz --clusters 31 --output out": (
        "fit rows.npz --clusters 31 --output out",
        "n_samples=30 is fewer than n_clusters=31. Give more rows or ask for fewer clusters.",
    ),
    "--epochs: fit rows.npz --epochs x --output out": (
        "fit rows.npz --epochs x --output out",
        "--epochs is 'x'; expected a whole number. See `vaecluster fit --help`.",
    ),
    "epochs: fit rows.npz --epochs 0 --output out": (
        "fit rows.npz --epochs 0 --output out",
        "epochs is 0; expected a whole number of 1 or more.",
    ),
    "epochs: fit rows.npz --epochs -3 --output out": (
        "fit rows.npz --epochs -3 --output out",
        "epochs is -3; expected a whole number of 1 or more.",
    ),
    "--epochs: fit rows.npz --epochs 1.5 --output out": (
        "fit rows.npz --epochs 1.5 --output out",
        "--epochs is '1.5'; expected a whole number. See `vaecluster fit --help`.",
    ),
    "batch_size: fit rows.npz --batch-size 0 --output out": (
        "fit rows.npz --batch-size 0 --output out",
        "batch_size is 0; expected a whole number of 1 or more.",
    ),
    "--batch-size: fit rows.npz --batch-size x --output out": (
        "fit rows.npz --batch-size x --output out",
        "--batch-size is 'x'; expected a whole number. See `vaecluster fit --help`.",
    ),
    "--learning-rate: fit rows.npz --learning-rate x --output out": (
        "fit rows.npz --learning-rate x --output out",
        "--learning-rate is 'x'; expected a number. See `vaecluster fit --help`.",
    ),
    "learning_rate: fit rows.npz --learning-rate -1 --output out": (
        "fit rows.npz --learning-rate -1 --output out",
        "learning_rate is -1.0; expected a number above 0.",
    ),
    "learning_rate: fit rows.npz --learning-rate nan --output out": (
        "fit rows.npz --learning-rate nan --output out",
        "learning_rate is nan; expected a number above 0.",
    ),
    "--schedule: fit rows.npz --schedule x --output out": (
        "fit rows.npz --schedule x --output out",
        "--schedule is 'x'; expected one of 'constant', 'one-cycle', 'cosine'. See `vaecluster fit --help`.",
    ),
    "schedule: fit rows.npz --schedule cosine --output out": (
        "fit rows.npz --schedule cosine --output out",
        "schedule is 'cosine', but preset 'shared' has no such setting. Leave it out, or use another preset.",
    ),
    "latent: fit rows.npz --latent 0 --output out": (
        "fit rows.npz --latent 0 --output out",
        "latent is 0; expected a whole number of 1 or more.",
    ),
    "--latent: fit rows.npz --latent 1e2 --output out": (
        "fit rows.npz --latent 1e2 --output out",
        "--latent is '1e2'; expected a whole number. See `vaecluster fit --help`.",
    ),
    "--likelihood: fit rows.npz --likelihood normal --output out": (
        "fit rows.npz --likelihood normal --output out",
        "--likelihood is 'normal'; expected one of 'gaussian', 'gaussian-learned', 'bernoulli'. See "
        "`vaecluster fit --help`.",
    ),
    "Bernoulli likelihood: fit rows.npz --likelihood bernoulli --output out": (
        "fit rows.npz --likelihood bernoulli --output out",
        "The Bernoulli likelihood needs values in [0, 1], but column 0 ranges from -2.25014 to 5.90347. "
        "Scale it, or use likelihood='gaussian'.",
    ),
    "precision: fit rows.npz --precision 0 --output out": (
        "fit rows.npz --precision 0 --output out",
        "precision is 0.0; expected a number above 0.",
    ),
    "--precision: fit rows.npz --precision x --output out": (
        "fit rows.npz --precision x --output out",
        "--precision is 'x'; expected a number. See `vaecluster fit --help`.",
    ),
    "--scaling: fit rows.npz --scaling rows --output out": (
        "fit rows.npz --scaling rows --output out",
        "--scaling is 'rows'; expected one of 'columns', 'common'. See `vaecluster fit --help`.",
    ),
    "min_confidence: fit rows.npz --min-confidence 2 --output out": (
        "fit rows.npz --min-confidence 2 --output out",
        "min_confidence is 2.0; expected a number from 0 to below 1.",
    ),
    "--min-confidence: fit rows.npz --min-confidence x --output out": (
        "fit rows.npz --min-confidence x --output out",
        "--min-confidence is 'x'; expected a number. See `vaecluster fit --help`.",
    ),
    "outlier_fraction: fit rows.npz --outlier-fraction 1 --output out": (
        "fit rows.npz --outlier-fraction 1 --output out",
        "outlier_fraction is 1.0; expected a number from 0 to below 1.",
    ),
    "outlier_fraction: fit rows.npz --outlier-fraction 0.01 --output out": (
        "fit rows.npz --outlier-fraction 0.01 --output out",
        "outlier_fraction=0.01 needs 100 rows held out, but of 30 rows at most 6 are. Give at least 500 "
        "rows, or a larger fraction.",
    ),
    "--seed: fit rows.npz --seed -1 --output out": (
        "fit rows.npz --seed -1 --output out",
        "--seed is -1; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "--seed: fit rows.npz --seed x --output out": (
        "fit rows.npz --seed x --output out",
        "--seed is 'x'; expected a whole number. See `vaecluster fit --help`.",
    ),
    "--seed: fit rows.npz --seed 4294967296 --output out": (
        "fit rows.npz --seed 4294967296 --output out",
        "--seed is 4294967296; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "device: fit rows.npz --device gpu --output out": (
        "fit rows.npz --device gpu --output out",
        "device is 'gpu'; expected 'auto', 'cpu'; there is no GPU here.",
    ),
    "device: fit rows.npz --device cuda --output out": (
        "fit rows.npz --device cuda --output out",
        "device is 'cuda'; expected 'auto', 'cpu'; there is no GPU here.",
    ),
    "--threads: fit rows.npz --threads 0 --output out": (
        "fit rows.npz --threads 0 --output out",
        "--threads is 0; expected a whole number from 1 to 4096.",
    ),
    "--threads: fit rows.npz --threads x --output out": (
        "fit rows.npz --threads x --output out",
        "--threads is 'x'; expected a whole number. See `vaecluster fit --help`.",
    ),
    "--threads: fit rows.npz --threads 1000000000000 --output out": (
        "fit rows.npz --threads 1000000000000 --output out",
        "--threads is 1000000000000; expected a whole number from 1 to 4096.",
    ),
    "views: fit rows.npz --views digit --output out": (
        "fit rows.npz --views digit --output out",
        "views is 'digit', which is unknown; expected one of 'auto', 'digits', 'clothes', 'photos', "
        "'vectors', 'counts', or a list of views.",
    ),
    "views: fit rows.npz --views digits --output out": (
        "fit rows.npz --views digits --output out",
        "views holds RandomAffine, which is for images, but the rows are vectors. Use Neighbours, "
        "GaussianNoise or FeatureDropout, or give the rows as (rows, height, width[, channels]).",
    ),
    "preset: fit rows.npz --preset shard --output out": (
        "fit rows.npz --preset shard --output out",
        "preset is 'shard'; expected one of 'shared', 'su2018'.",
    ),
    "--clusters: fit rows.npz --preset su2018 --output out": (
        "fit rows.npz --preset su2018 --output out",
        "--clusters is 'auto', but this preset does not find a number of clusters. Give one.",
    ),
    "views: fit rows.npz --preset su2018 --clusters 3 --views auto --output out": (
        "fit rows.npz --preset su2018 --clusters 3 --views auto --output out",
        "views is 'auto', but preset 'su2018' has no such setting. Leave it out, or use another preset.",
    ),
    "early_stopping: fit rows.npz --early-stopping --output out": (
        "fit rows.npz --early-stopping --output out",
        "early_stopping is True, but preset 'shared' has no such setting. Leave it out, or use another preset.",
    ),
    "'file': fit rows.npz --output file": (
        "fit rows.npz --output file",
        "'file' is a file; the output must be a folder. Choose another --output.",
    ),
    "'full': fit rows.npz --output full": (
        "fit rows.npz --output full",
        "The folder 'full' is not empty. Choose another --output, or add --overwrite.",
    ),
    "'run': fit rows.npz --output run": (
        "fit rows.npz --output run",
        "The folder 'run' is not empty. Choose another --output, or add --overwrite.",
    ),
    "'file/out': fit rows.npz --output file/out": (
        "fit rows.npz --output file/out",
        "'file/out' cannot be written: Not a directory. Choose a place that can be written to.",
    ),
    "'mnits': fit mnits --output out": (
        "fit mnits --output out",
        "There is no data set called 'mnits'; known are digits, mnist, fashion-mnist, pendigits. For one of "
        "your own, name a folder with mnits.npz in $VAECLUSTER_DATA.",
    ),
    "missing.npz: fit missing.npz --output out": (
        "fit missing.npz --output out",
        "missing.npz does not exist or is no file. Check the path.",
    ),
    "empty: fit empty --output out": (
        "fit empty --output out",
        "empty is a folder, but a file is expected. Name a file of these kinds: .npz, .npy.",
    ),
    "file: fit file --output out": (
        "fit file --output out",
        "file is a file without a suffix, but readable are .npz, .npy. Convert it to one of them.",
    ),
    "rows.txt: fit rows.txt --output out": (
        "fit rows.txt --output out",
        "rows.txt does not exist or is no file. Check the path.",
    ),
    "run: fit run --output out": (
        "fit run --output out",
        "run is a folder, but a file is expected. Name a file of these kinds: .npz, .npy.",
    ),
    "columns 0, 1, 2: fit holes.npy --output out": (
        "fit holes.npy --output out",
        "The rows hold 11 NaN values, in columns 0, 1, 2; expected finite numbers. Fill them in or leave them out.",
    ),
    "run/labels.csv: fit run/labels.csv --output out": (
        "fit run/labels.csv --output out",
        "run/labels.csv is a file of kind '.csv', but readable are .npz, .npy. Convert it to one of them.",
    ),
    "--resume: fit rows.npz --resume run": (
        "fit rows.npz --resume run",
        "--resume takes the rows of the fit that was cut off. Leave out the other source.",
    ),
    "'run': fit --resume run": (
        "fit --resume run",
        "'run' holds no unfinished fit. Give a folder in which `vaecluster fit` was cut off.",
    ),
    "'empty': fit --resume empty": (
        "fit --resume empty",
        "'empty' holds no unfinished fit. Give a folder in which `vaecluster fit` was cut off.",
    ),
    "'missing': fit --resume missing": (
        "fit --resume missing",
        "'missing' holds no unfinished fit. Give a folder in which `vaecluster fit` was cut off.",
    ),
    "'file': fit --resume file": (
        "fit --resume file",
        "'file' holds no unfinished fit. Give a folder in which `vaecluster fit` was cut off.",
    ),
}

WRONG_ANSWERS = {
    "'empty': predict empty rows.npz": (
        "predict empty rows.npz",
        "'empty' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'empty': sample empty --output out.npy": (
        "sample empty --output out.npy",
        "'empty' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'empty': report empty --output out.html": (
        "report empty --output out.html",
        "'empty' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'missing': predict missing rows.npz": (
        "predict missing rows.npz",
        "'missing' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'missing': sample missing --output out.npy": (
        "sample missing --output out.npy",
        "'missing' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'missing': report missing --output out.html": (
        "report missing --output out.html",
        "'missing' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'file': predict file rows.npz": (
        "predict file rows.npz",
        "'file' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'file': sample file --output out.npy": (
        "sample file --output out.npy",
        "'file' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'file': report file --output out.html": (
        "report file --output out.html",
        "'file' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'rows.npz': predict rows.npz rows.npz": (
        "predict rows.npz rows.npz",
        "'rows.npz' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'rows.npz': sample rows.npz --output out.npy": (
        "sample rows.npz --output out.npy",
        "'rows.npz' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'rows.npz': report rows.npz --output out.html": (
        "report rows.npz --output out.html",
        "'rows.npz' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "features: predict run narrow.npy": (
        "predict run narrow.npy",
        "X has 3 features, but VAEClustering is expecting 4 features as input. Give the columns of the fit.",
    ),
    "image: predict run images.npy": (
        "predict run images.npy",
        "Each row is an image of 3x3, but the fit was on a vector of 4 columns. Give the same columns.",
    ),
    "columns 0, 1, 2: predict run holes.npy": (
        "predict run holes.npy",
        "The rows hold 11 NaN values, in columns 0, 1, 2; expected finite numbers. Fill them in or leave them out.",
    ),
    "missing.npy: predict run missing.npy": (
        "predict run missing.npy",
        "missing.npy does not exist or is no file. Check the path.",
    ),
    "'mnits': predict run mnits": (
        "predict run mnits",
        "There is no data set called 'mnits'; known are digits, mnist, fashion-mnist, pendigits. For one of "
        "your own, name a folder with mnits.npz in $VAECLUSTER_DATA.",
    ),
    "empty: predict run empty": (
        "predict run empty",
        "empty is a folder, but a file is expected. Name a file of these kinds: .npz, .npy.",
    ),
    "--output: predict run rows.npz --output a.xls": (
        "predict run rows.npz --output a.xls",
        "--output is 'a.xls'; expected a name that ends in .csv or .npy.",
    ),
    "--output: predict run rows.npz --output out": (
        "predict run rows.npz --output out",
        "--output is 'out'; expected a name that ends in .csv or .npy.",
    ),
    "'folder.csv': predict run rows.npz --output folder.csv": (
        "predict run rows.npz --output folder.csv",
        "'folder.csv' cannot be written: Is a directory. Choose a place that can be written to.",
    ),
    "'folder.npy': predict run rows.npz --output folder.npy": (
        "predict run rows.npz --output folder.npy",
        "'folder.npy' cannot be written: Is a directory. Choose a place that can be written to.",
    ),
    "'file/out.csv': predict run rows.npz --output file/out.csv": (
        "predict run rows.npz --output file/out.csv",
        "'file/out.csv' cannot be written: File exists. Choose a place that can be written to.",
    ),
    "device: predict run rows.npz --device gpu": (
        "predict run rows.npz --device gpu",
        "device is 'gpu'; expected 'auto', 'cpu'; there is no GPU here.",
    ),
    "min_confidence: predict run rows.npz --min-confidence 2": (
        "predict run rows.npz --min-confidence 2",
        "min_confidence is 2.0; expected a number from 0 to below 1.",
    ),
    "--outlier-fraction: predict run rows.npz --outlier-fraction x": (
        "predict run rows.npz --outlier-fraction x",
        "--outlier-fraction is 'x'; expected a number. See `vaecluster predict --help`.",
    ),
    "cluster: sample run --cluster 3": (
        "sample run --cluster 3",
        "cluster is 3; expected one of 0 to 2, or None for all.",
    ),
    "cluster: sample run --cluster -1": (
        "sample run --cluster -1",
        "cluster is -1; expected one of 0 to 2, or None for all.",
    ),
    "--cluster: sample run --cluster x": (
        "sample run --cluster x",
        "--cluster is 'x'; expected a whole number. See `vaecluster sample --help`.",
    ),
    "--cluster: sample run --cluster 1.0": (
        "sample run --cluster 1.0",
        "--cluster is '1.0'; expected a whole number. See `vaecluster sample --help`.",
    ),
    "--number: sample run --number 0": (
        "sample run --number 0",
        "--number is 0; expected a whole number of 1 or more.",
    ),
    "--number: sample run --number -1": (
        "sample run --number -1",
        "--number is -1; expected a whole number of 1 or more.",
    ),
    "--number: sample run --number x": (
        "sample run --number x",
        "--number is 'x'; expected a whole number. See `vaecluster sample --help`.",
    ),
    "picture: sample run --number 65 --output a.png": (
        "sample run --number 65 --output a.png",
        "A picture shows at most 64 rows, not 65. Ask for fewer, or for an .npy.",
    ),
    "memory: sample run --number 10000000000000": (
        "sample run --number 10000000000000",
        "There is not enough memory for that. Ask for fewer rows, or give --batch-size or --latent smaller.",
    ),
    "--output: sample run --output a.gif": (
        "sample run --output a.gif",
        "--output is 'a.gif'; expected a name that ends in .npy or .png.",
    ),
    "'folder.npy': sample run --output folder.npy": (
        "sample run --output folder.npy",
        "'folder.npy' cannot be written: Is a directory. Choose a place that can be written to.",
    ),
    "'folder.png': sample run --output folder.png": (
        "sample run --output folder.png",
        "'folder.png' cannot be written: Is a directory. Choose a place that can be written to.",
    ),
    "'file/a.npy': sample run --output file/a.npy": (
        "sample run --output file/a.npy",
        "'file/a.npy' cannot be written: File exists. Choose a place that can be written to.",
    ),
    "--seed: sample run --seed x": (
        "sample run --seed x",
        "--seed is 'x'; expected a whole number. See `vaecluster sample --help`.",
    ),
    "--seed: sample run --seed -1": (
        "sample run --seed -1",
        "--seed is -1; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "--format: report run --format pdf": (
        "report run --format pdf",
        "--format is 'pdf'; expected one of 'html', 'png'. See `vaecluster report --help`.",
    ),
    "'empty': report run --output empty": (
        "report run --output empty",
        "'empty' cannot be written: Is a directory. Choose a place that can be written to.",
    ),
    "'folder.html': report run --output folder.html": (
        "report run --output folder.html",
        "'folder.html' cannot be written: Is a directory. Choose a place that can be written to.",
    ),
    "'file/a.html': report run --output file/a.html": (
        "report run --output file/a.html",
        "'file/a.html' cannot be written: File exists. Choose a place that can be written to.",
    ),
    "'file: report run --format png --output file": (
        "report run --format png --output file",
        "'file/overview.png' cannot be written: File exists. Choose a place that can be written to.",
    ),
    "--runs: stability rows.npz --runs 1 --quiet": (
        "stability rows.npz --runs 1 --quiet",
        "--runs is 1; expected a whole number of 2 or more, since runs are compared.",
    ),
    "--runs: stability rows.npz --runs 2.5 --quiet": (
        "stability rows.npz --runs 2.5 --quiet",
        "--runs is '2.5'; expected a whole number. See `vaecluster stability --help`.",
    ),
    "--jobs: stability rows.npz --jobs 0 --quiet": (
        "stability rows.npz --jobs 0 --quiet",
        "--jobs is 0; expected a whole number of 1 or more, or -1 for one job per processor core.",
    ),
    "--jobs: stability rows.npz --jobs x --quiet": (
        "stability rows.npz --jobs x --quiet",
        "--jobs is 'x'; expected a whole number. See `vaecluster stability --help`.",
    ),
    "--threads: stability rows.npz --threads 0 --quiet": (
        "stability rows.npz --threads 0 --quiet",
        "--threads is 0; expected a whole number from 1 to 4096.",
    ),
    "--output: stability rows.npz --output a.pdf --quiet": (
        "stability rows.npz --output a.pdf --quiet",
        "--output is 'a.pdf'; expected a name that ends in .png or .json.",
    ),
    "--clusters: stability rows.npz --clusters 0 --quiet": (
        "stability rows.npz --clusters 0 --quiet",
        "--clusters is 0; expected a whole number of 1 or more, or 'auto'.",
    ),
    "--clusters: stability rows.npz --clusters x --quiet": (
        "stability rows.npz --clusters x --quiet",
        "--clusters is 'x'; expected a whole number or 'auto'. See `vaecluster stability --help`.",
    ),
    "epochs: stability rows.npz --epochs 0 --quiet": (
        "stability rows.npz --epochs 0 --quiet",
        "epochs is 0; expected a whole number of 1 or more.",
    ),
    "preset: stability rows.npz --preset shard --quiet": (
        "stability rows.npz --preset shard --quiet",
        "preset is 'shard'; expected one of 'shared', 'su2018'.",
    ),
    "--scaling: stability rows.npz --scaling rows --quiet": (
        "stability rows.npz --scaling rows --quiet",
        "--scaling is 'rows'; expected one of 'columns', 'common'. See `vaecluster stability --help`.",
    ),
    "--seed: stability rows.npz --seed -1 --quiet": (
        "stability rows.npz --seed -1 --quiet",
        "--seed is -1; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "views: stability rows.npz --views digit --quiet": (
        "stability rows.npz --views digit --quiet",
        "views is 'digit', which is unknown; expected one of 'auto', 'digits', 'clothes', 'photos', "
        "'vectors', 'counts', or a list of views.",
    ),
    "device: stability rows.npz --device gpu --quiet": (
        "stability rows.npz --device gpu --quiet",
        "device is 'gpu'; expected 'auto', 'cpu'; there is no GPU here.",
    ),
    "'mnits': stability mnits --quiet": (
        "stability mnits --quiet",
        "There is no data set called 'mnits'; known are digits, mnist, fashion-mnist, pendigits. For one of "
        "your own, name a folder with mnits.npz in $VAECLUSTER_DATA.",
    ),
    "missing.npy: stability missing.npy --quiet": (
        "stability missing.npy --quiet",
        "missing.npy does not exist or is no file. Check the path.",
    ),
    "--threads: demo --threads 0 --quiet": (
        "demo --threads 0 --quiet",
        "--threads is 0; expected a whole number from 1 to 4096.",
    ),
    "'file': demo --output file --quiet": (
        "demo --output file --quiet",
        "'file' is a file; the output must be a folder. Choose another --output.",
    ),
    "'full': demo --output full --quiet": (
        "demo --output full --quiet",
        "The folder 'full' is not empty. Choose another --output, or add --overwrite.",
    ),
    "--seed: demo --seed x --quiet": (
        "demo --seed x --quiet",
        "--seed is 'x'; expected a whole number. See `vaecluster demo --help`.",
    ),
    "--seed: demo --seed -1 --quiet": (
        "demo --seed -1 --quiet",
        "--seed is -1; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
}

WRONG_BENCHMARKS = {
    "--seeds: benchmark digits --seeds 0 --output out --quiet": (
        "benchmark digits --seeds 0 --output out --quiet",
        "--seeds is 0; expected a whole number of 1 or more.",
    ),
    "--seeds: benchmark digits --seeds x --output out --quiet": (
        "benchmark digits --seeds x --output out --quiet",
        "--seeds is 'x'; expected a whole number. See `vaecluster benchmark --help`.",
    ),
    "method: benchmark digits --method k-means --output out --quiet": (
        "benchmark digits --method k-means --output out --quiet",
        "method is 'k-means', which is unknown; expected one of shared, su2018, kmeans, gaussian-mixture, "
        "autoencoder-kmeans.",
    ),
    "kind: benchmark digits --kind genes --output out --quiet": (
        "benchmark digits --kind genes --output out --quiet",
        "kind is 'genes', which is unknown; expected one of images, digits, clothes, vectors, embeddings, "
        "text, counts.",
    ),
    "--without: benchmark digits --without arms --output out --quiet": (
        "benchmark digits --without arms --output out --quiet",
        "--without is 'arms', which is unknown; expected one of neighbours, changes, fine-components, heads, "
        "refinement, agreement, views, all.",
    ),
    "--rare: benchmark digits --rare 10 --output out --quiet": (
        "benchmark digits --rare 10 --output out --quiet",
        "--rare is '10', which is no label of digits; expected one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.",
    ),
    "--auto: benchmark digits --auto --clusters 3 --output out --quiet": (
        "benchmark digits --auto --clusters 3 --output out --quiet",
        "--auto goes neither with --clusters nor with --without. Leave one of them out.",
    ),
    "--auto: benchmark digits --auto --without heads --output out --quiet": (
        "benchmark digits --auto --without heads --output out --quiet",
        "--auto goes neither with --clusters nor with --without. Leave one of them out.",
    ),
    "'kmeans': benchmark digits --method kmeans --auto --output out --quiet": (
        "benchmark digits --method kmeans --auto --output out --quiet",
        "method is 'kmeans', which must be told the number of clusters. Leave --auto out.",
    ),
    "'kmeans': benchmark digits --method kmeans --generation --output out --quiet": (
        "benchmark digits --method kmeans --generation --output out --quiet",
        "method is 'kmeans', which generates no rows. Leave --generation out.",
    ),
    "epochs: benchmark digits --method kmeans --epochs 3 --output out --quiet": (
        "benchmark digits --method kmeans --epochs 3 --output out --quiet",
        "epochs is 3, but method 'kmeans' has no such setting. Leave it out.",
    ),
    "views: benchmark digits --method kmeans --views auto --output out --quiet": (
        "benchmark digits --method kmeans --views auto --output out --quiet",
        "views is 'auto', but method 'kmeans' has no such setting. Leave it out.",
    ),
    "views: benchmark digits --method su2018 --views auto --output out --quiet": (
        "benchmark digits --method su2018 --views auto --output out --quiet",
        "views is 'auto', but preset 'su2018' has no such setting. Leave it out, or use another preset.",
    ),
    "method: benchmark digits --method su2018 --without heads --output out --quiet": (
        "benchmark digits --method su2018 --without heads --output out --quiet",
        "method is 'su2018'; parts can be left out of 'shared' only. Leave --without out.",
    ),
    "--clusters: benchmark digits --clusters 0 --output out --quiet": (
        "benchmark digits --clusters 0 --output out --quiet",
        "--clusters is 0; expected a whole number of 1 or more.",
    ),
    "--clusters: benchmark digits --clusters -2 --output out --quiet": (
        "benchmark digits --clusters -2 --output out --quiet",
        "--clusters is -2; expected a whole number of 1 or more.",
    ),
    "--clusters: benchmark digits --clusters x --output out --quiet": (
        "benchmark digits --clusters x --output out --quiet",
        "--clusters is 'x'; expected a whole number. See `vaecluster benchmark --help`.",
    ),
    "epochs: benchmark digits --epochs 0 --output out --quiet": (
        "benchmark digits --epochs 0 --output out --quiet",
        "epochs is 0; expected a whole number of 1 or more.",
    ),
    "learning_rate: benchmark digits --learning-rate 0 --output out --quiet": (
        "benchmark digits --learning-rate 0 --output out --quiet",
        "learning_rate is 0.0; expected a number above 0.",
    ),
    "device: benchmark digits --device gpu --output out --quiet": (
        "benchmark digits --device gpu --output out --quiet",
        "device is 'gpu'; expected 'auto', 'cpu'; there is no GPU here.",
    ),
    "--threads: benchmark digits --threads 0 --output out --quiet": (
        "benchmark digits --threads 0 --output out --quiet",
        "--threads is 0; expected a whole number from 1 to 4096.",
    ),
    "--first-seed: benchmark digits --first-seed -1 --output out --quiet": (
        "benchmark digits --first-seed -1 --output out --quiet",
        "--first-seed is -1; expected a whole number of 0 or more.",
    ),
    "--first-seed: benchmark digits --first-seed x --output out --quiet": (
        "benchmark digits --first-seed x --output out --quiet",
        "--first-seed is 'x'; expected a whole number. See `vaecluster benchmark --help`.",
    ),
    "views: benchmark digits --views digit --output out --quiet": (
        "benchmark digits --views digit --output out --quiet",
        "views is 'digit', which is unknown; expected one of 'auto', 'digits', 'clothes', 'photos', "
        "'vectors', 'counts', or a list of views.",
    ),
    "'su2018: benchmark digits --method su2018 --auto --output out --quiet": (
        "benchmark digits --method su2018 --auto --output out --quiet",
        "method is 'su2018', which must be told the number of clusters. Leave --auto out.",
    ),
    "--without: benchmark digits --views photos --without neighbours --output out --quiet": (
        "benchmark digits --views photos --without neighbours --output out --quiet",
        "--without is 'neighbours', but the views of these data are neighbours alone or changes alone: "
        "nothing could be left out, or nothing would be left. Leave another part out, or choose --views that "
        "are both.",
    ),
    "'mnits': benchmark mnits": (
        "benchmark mnits",
        "There is no data set called 'mnits'; known are digits, mnist, fashion-mnist, pendigits. For one of "
        "your own, name a folder with mnits.npz in $VAECLUSTER_DATA.",
    ),
    "'rows.npz': benchmark rows.npz": (
        "benchmark rows.npz",
        "There is no data set called 'rows.npz'; known are digits, mnist, fashion-mnist, pendigits. For one "
        "of your own, name a folder with rows.npz.npz in $VAECLUSTER_DATA.",
    ),
    "'results/digits-kmeans.json': benchmark digits --method kmeans --output results": (
        "benchmark digits --method kmeans --output results",
        "'results/digits-kmeans.json' is no result of a benchmark. Move it away, or choose another --output.",
    ),
    "'file: benchmark digits --method kmeans --output file": (
        "benchmark digits --method kmeans --output file",
        "'file/digits-kmeans.json' cannot be written: File exists. Choose a place that can be written to.",
    ),
}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        pytest.param(command, message, id=name)
        for table in (WRONG_WORDS, WRONG_ORDERS, WRONG_ANSWERS, WRONG_BENCHMARKS)
        for name, (command, message) in table.items()
    ],
)
def test_wrong_commands(command, message, folder, untouched, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.delenv("VAECLUSTER_DATA", raising=False)
    with untouched(folder):
        assert run(command.split()) == 2
    shown = capsys.readouterr()
    assert shown.err == f"Error: {message}\n"
    assert shown.out == ""


def test_a_reader_that_closes_the_pipe_is_no_error(folder):
    with subprocess.Popen(
        [VAECLUSTER, "predict", "run", "rows.npz"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        text=True,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
