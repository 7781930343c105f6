using System.Text.Json.Serialization;
using Temper.Training.Checkpoints;

namespace Temper.Training;

/// <summary>Source-generated JSON serialization of training state, so that the application can be trimmed.</summary>
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
