"""New rows in a frame of Spark: `predict_batch_udf` opens the model once in each Python process of the executors."""

import numpy as np
import pandas as pd
from pyspark.ml.functions import predict_batch_udf
from pyspark.sql import SparkSession
from pyspark.sql.types import DoubleType, LongType, StructField, StructType

from vaecluster import TwoViews, VAEClustering, predict_function


def customers(number: int, seed: int) -> pd.DataFrame:
    """Three kinds of customers, each with a key."""
    random, kind = np.random.default_rng(seed), np.arange(number) % 3
    age, city = 25 + 20 * kind + random.normal(0, 3, number), np.array(["Ulm", "Kiel", "Bonn"])[kind]
    return pd.DataFrame({"key": [f"K{row:05}" for row in range(number)], "age": age, "city": city})


model = VAEClustering(3, columns={"key": "identifier"}, method=TwoViews(epochs=40), random_state=0)
model.fit(customers(300, seed=0))

answers = StructType([StructField("cluster", LongType()), StructField("confidence", DoubleType())])
# Spark gives arrays without names: these are those of the columns that it is called with below.
make = predict_function(model, tuple(answers.names)).for_spark("age", "city")
assign = predict_batch_udf(make, return_type=answers, batch_size=10_000)

spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", False).getOrCreate()
new = spark.createDataFrame(customers(3000, seed=1))
scored = new.select("key", assign("age", "city").alias("answer")).select("key", "answer.*").toPandas()
spark.stop()

print("columns", list(scored.columns))
labels = model.predict(customers(3000, seed=1))
print("the same labels", bool((scored.sort_values("key")["cluster"].to_numpy() == labels).all()))
