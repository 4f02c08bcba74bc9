"""The outside world on AWS: the same ports as `backends.local`, kept in S3, SageMaker, CloudWatch and SNS."""
