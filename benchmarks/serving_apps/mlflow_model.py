"""Saves a booster as an MLflow model: `mlflow_model.py BOOSTER FOLDER`."""

import sys

import mlflow.xgboost
import xgboost
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

booster = xgboost.Booster({"nthread": 1}, model_file=sys.argv[1])
columns = [ColSpec("double", f"x{number}", required=False) for number in range(booster.num_features())]
booster.feature_names = [column.name for column in columns]
mlflow.xgboost.save_model(booster, sys.argv[2], signature=ModelSignature(Schema(columns)))
