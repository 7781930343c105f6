using System.Text.Json.Serialization;
using Temper.Training.Checkpoints;

namespace Temper.Training;

/// <summary>What training writes as JSON, by generated code, so that the tool can be trimmed.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(CheckpointState))]
[JsonSerializable(typeof(TrainingProgress))]
[JsonSerializable(typeof(CrossEntropyLoss))]
[JsonSerializable(typeof(EarlyStopping))]
internal sealed partial class TrainingJson : JsonSerializerContext;
