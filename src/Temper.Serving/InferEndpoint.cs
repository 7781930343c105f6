using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Temper.Inference;
using Temper.Serving.Metrics;
using Temper.Serving.Protocol;
using Temper.Tensors;

namespace Temper.Serving;

/// <summary>Handles inference requests; every failure is mapped to an HTTP status.</summary>
internal sealed class InferEndpoint(ServerOptions options, BatchingQueue queue, ServerMetrics metrics)
{
    internal async Task Handle(HttpContext context)
    {
        long start = Stopwatch.GetTimestamp();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(options.RequestTimeout);
        int status = 200;
        try
        {
            InferRequest request = await Read(context, deadline.Token).ConfigureAwait(false);
            IReadOnlyList<Tensor> results = await Run(request, context, deadline.Token).ConfigureAwait(false);
            await Write(context, InferResponse.Of(options, queue.Network, request, results)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has disconnected; 499 is the status that proxies log for this.
            status = 499;
        }
#pragma warning disable CA1031 // Every failure gets a response; internal errors are reported.
        catch (Exception error)
#pragma warning restore CA1031
        {
            (status, string message) = Answers.StatusOf(error);
            if (status == StatusCodes.Status500InternalServerError && error is not RequestException)
            {
                options.OnFailure?.Invoke(error);
            }

            await Answers.Error(context, status, message).ConfigureAwait(false);
        }

        metrics.Count(status, Stopwatch.GetElapsedTime(start));
    }

    private async Task<InferRequest> Read(HttpContext context, CancellationToken deadline)
    {
        try
        {
            using RequestBody body = await RequestBody.ReadAsync(context.Request, deadline).ConfigureAwait(false);
            return InferRequest.Read(queue.Network, body.Json, body.Raw);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new RequestException(
                StatusCodes.Status408RequestTimeout, string.Create(
                    CultureInfo.InvariantCulture,
                    $"the request was not received within {options.RequestTimeout.TotalSeconds} s"));
        }
    }

    private async Task<IReadOnlyList<Tensor>> Run(InferRequest request, HttpContext context, CancellationToken deadline)
    {
        try
        {
            return await queue.RunAsync(request.Inputs, deadline).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new RequestException(
                StatusCodes.Status504GatewayTimeout, string.Create(
                    CultureInfo.InvariantCulture, $"no result within {options.RequestTimeout.TotalSeconds} s"));
        }
    }

    private static async Task Write(HttpContext context, InferResponse answer)
    {
        context.Response.ContentLength = answer.Length;
        context.Response.ContentType = answer.Raw.Count > 0 ? "application/octet-stream" : "application/json";
        if (answer.Raw.Count > 0)
        {
            context.Response.Headers["Inference-Header-Content-Length"] =
                answer.Json.Length.ToString(CultureInfo.InvariantCulture);
        }

        await context.Response.BodyWriter.WriteAsync(answer.Json, context.RequestAborted).ConfigureAwait(false);
        foreach (Tensor tensor in answer.Raw)
        {
            TensorBytes.Of(tensor).CopyTo(context.Response.BodyWriter.GetSpan(TensorBytes.Of(tensor).Length));
            context.Response.BodyWriter.Advance(TensorBytes.Of(tensor).Length);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        }
    }
}
