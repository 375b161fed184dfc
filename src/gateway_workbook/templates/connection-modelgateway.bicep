metadata description = 'A Foundry connection to an AI gateway that is no Azure API Management. Deploy into the project\'s resource group.'

@description('Resource id of the Foundry project: portal, project, Properties.')
param projectResourceId string

@description('What an agent writes before the first slash of its model.')
@minLength(3)
@maxLength(33)
param connectionName string

@description('Whose the connection is: the project\'s, or the account\'s for all its projects.')
@allowed(['project', 'account'])
param connectionScope string = 'project'

@description('What stands before /chat/completions or /deployments.')
param targetUrl string

@description('A label for people; nothing is made of it.')
param gatewayName string = ''

@allowed(['ApiKey', 'OAuth2'])
param authType string = 'ApiKey'

param isSharedToAll bool = false

@description('With authType ApiKey.')
@secure()
param apiKey string = ''

@description('With authType OAuth2, as the three after it.')
@secure()
param clientId string = ''

@secure()
param clientSecret string = ''

param tokenUrl string = ''

param scopes array = []

@description('true: POST /deployments/{name}/chat/completions; false: the model stands in the body.')
@allowed(['true', 'false'])
param deploymentInPath string = 'false'

@description('?api-version= of inference calls; empty for none.')
param inferenceAPIVersion string = ''

@description('?api-version= of discovery calls; empty for none.')
param deploymentAPIVersion string = ''

@description('The models, when the gateway does not list them; otherwise the three endpoints below.')
param staticModels array = []

param listModelsEndpoint string = ''

param getModelEndpoint string = ''

param deploymentProvider string = ''

@description('The header that carries the key, when it is not api-key.')
param authConfig object = {}

@description('Headers added to every inference request.')
param customHeaders object = {}

@description('The same for headers whose values no log may show.')
@secure()
param secretHeaders object = {}

var segments = split(projectResourceId, '/')
var accountId = '/subscriptions/${segments[2]}/resourceGroups/${segments[4]}/providers/Microsoft.CognitiveServices/accounts/${segments[8]}'
var onAccount = connectionScope == 'account'
var headers = union(customHeaders, secretHeaders)
var discovery = {
  listModelsEndpoint: listModelsEndpoint
  getModelEndpoint: getModelEndpoint
  deploymentProvider: deploymentProvider
}

// Every value of metadata is text; an object there deploys, and the connection does not work.
var metadataOfConnection = union(
  { deploymentInPath: deploymentInPath },
  empty(inferenceAPIVersion) ? {} : { inferenceAPIVersion: inferenceAPIVersion },
  empty(deploymentAPIVersion) ? {} : { deploymentAPIVersion: deploymentAPIVersion },
  empty(staticModels) ? {} : { models: string(staticModels) },
  empty(listModelsEndpoint) ? {} : { modelDiscovery: string(discovery) },
  empty(authConfig) ? {} : { authConfig: string(authConfig) },
  empty(headers) ? {} : { customHeaders: string(headers) }
)
var credentials = authType == 'OAuth2' ? { clientId: clientId, clientSecret: clientSecret } : { key: apiKey }

// Beside credentials, not inside: that is where the service reads them.
var token = authType == 'OAuth2' ? union({ tokenUrl: tokenUrl }, empty(scopes) ? {} : { scopes: scopes }) : {}
var properties = union(
  {
    category: 'ModelGateway'
    target: targetUrl
    authType: authType
    isSharedToAll: isSharedToAll
    credentials: credentials
    metadata: metadataOfConnection
  },
  token
)

resource ofProject 'Microsoft.CognitiveServices/accounts/projects/connections@2025-04-01-preview' = if (!onAccount) {
  name: '${segments[8]}/${segments[10]}/${connectionName}'
  properties: any(properties)
}

resource ofAccount 'Microsoft.CognitiveServices/accounts/connections@2025-04-01-preview' = if (onAccount) {
  name: '${segments[8]}/${connectionName}'
  properties: any(properties)
}

output connectionName string = connectionName
output connectionId string = '${onAccount ? accountId : projectResourceId}/connections/${connectionName}'
output targetUrl string = targetUrl
